import { EXIT } from './exit-codes.js';

/** The exit code where `work` was interrupted, else undefined. */
export type Interruption = { readonly exitCode: number } | undefined;

const CODES = new Map<NodeJS.Signals, number>([
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
  ['SIGHUP', 129],
]);

/**
 * Runs work that a first signal aborts, so that it can clean up; a second signal ends the process
 * at once. Only work that the abort made fail counts as interrupted, not work that finished all the
 * same.
 */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<void>,
): Promise<Interruption> {
  const abort = new AbortController();
  let exitCode: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    const code = CODES.get(signal)!;
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    abort.abort(new Error(`interrupted by ${signal}`));
  };
  for (const signal of CODES.keys()) process.on(signal, listener);
  try {
    await work(abort.signal);
    return undefined;
  } catch (error) {
    if (exitCode === undefined) throw error;
    return { exitCode };
  } finally {
    // Once interrupted, the process is about to exit. The listener stays, since a second signal
    // would otherwise kill the process without the exit code.
    if (exitCode === undefined) {
      for (const signal of CODES.keys()) process.off(signal, listener);
    }
  }
}
