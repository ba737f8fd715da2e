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

interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back once the signal aborts. All who wait share a listener, since Node warns of a leak at
 * the eleventh.
 *
 * @returns what takes the callback back
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  let waiting = waitingFor.get(signal);
  if (waiting === undefined) {
    const callbacks = new Set<() => void>();
    const listener = (): void => {
      for (const call of callbacks) call();
    };
    signal.addEventListener('abort', listener, { once: true });
    waiting = { callbacks, listener };
    waitingFor.set(signal, waiting);
  }
  const { callbacks, listener } = waiting;
  callbacks.add(callback);
  return () => {
    if (!callbacks.delete(callback) || callbacks.size > 0) return;
    signal.removeEventListener('abort', listener);
    waitingFor.delete(signal);
  };
}
