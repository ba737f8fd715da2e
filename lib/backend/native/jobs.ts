import { abortReason, whenAborted } from '../abort.js';
import type { Addon } from './addon.js';
import { fromNative } from './errors.js';

interface Pending {
  readonly out: Float32Array | undefined;
  readonly resolve: (result: Float32Array) => void;
  readonly reject: (reason: unknown) => void;
  readonly forget: (() => void) | undefined;
}

/** Turns the asynchronous jobs of one addon into promises. */
export class Jobs {
  readonly #addon: Addon;
  readonly #pending = new Map<number, Pending>();

  constructor(addon: Addon) {
    this.#addon = addon;
    addon.listen((id) => this.#completed(id));
  }

  /**
   * Starts a job and promises its result, in `out` where that is given. An abort rejects at once
   * with the signal's reason; the native job still runs to its end, and `out` is not written.
   */
  run(
    start: () => number,
    out: Float32Array | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw abortReason(signal);
      const id = startJob(start);
      const abort = (): void => {
        this.#addon.cancelJob(id);
        reject(abortReason(signal!));
      };
      const forget = signal && whenAborted(signal, abort);
      this.#pending.set(id, { out, resolve, reject, forget });
    });
  }

  #completed(id: number): void {
    const job = this.#pending.get(id)!;
    this.#pending.delete(id);
    job.forget?.();
    try {
      const result = this.#addon.takeResult(id, job.out);
      if (result !== undefined) job.resolve(result); // undefined: cancelled, and rejected already
    } catch (error) {
      job.reject(fromNative(error));
    }
  }
}

function startJob(start: () => number): number {
  try {
    return start();
  } catch (error) {
    throw fromNative(error);
  }
}
