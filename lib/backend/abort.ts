import { argumentError } from '../errors.js';

/** The value that an aborted call rejects with: the signal's own reason, of whatever type. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason as Error;
}

/**
 * Accepts any object that works like an AbortSignal: a signal may come from another realm.
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
 * Calls back once the signal aborts. All callbacks of a signal share one listener, since Node warns
 * of a leak at the eleventh.
 *
 * @returns a function that removes the callback
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
