import { argumentError } from '../errors.js';

/** What an aborted call rejects with: the signal's own reason, whatever it is. */
export function abortReason(signal: AbortSignal): Error {
  // A reason may be any value; it is passed on as it is.
  return signal.reason as Error;
}

/**
 * Any object that works like an AbortSignal will do: there may be several realms.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  const like = (typeof signal === 'object' ? signal : null) as Partial<AbortSignal> | null;
  const works = typeof like?.aborted === 'boolean' && typeof like.addEventListener === 'function';
  if (!works) throw argumentError('an AbortSignal', 'signal', signal);
}
