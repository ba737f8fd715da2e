/** What an aborted call rejects with: the signal's own reason, whatever it is. */
export function abortReason(signal: AbortSignal): Error {
  // A reason may be any value; it is passed on as it is.
  return signal.reason as Error;
}
