import type { Activation } from '../backend/activation.js';
import type { FloatArray } from '../backend/backend.js';

interface Kernel {
  dispose(): void;
}

/** The kernels of one node, by name. They are disposed of with the session. */
export class KernelCache<K extends Kernel> {
  readonly #kernels = new Map<string, { readonly weight: FloatArray; readonly kernel: K }>();

  /**
   * The kernel of this name. It is made again when the weights have changed; undefined where `make`
   * returns none.
   */
  get<R extends K | undefined>(name: string, weight: FloatArray, make: () => R): K | R {
    const found = this.#kernels.get(name);
    if (found?.weight === weight) return found.kernel;
    found?.kernel.dispose();
    this.#kernels.delete(name);
    const kernel = make();
    if (kernel !== undefined) this.#kernels.set(name, { weight, kernel });
    return kernel;
  }

  /** A function that tells whether the cache still has this kernel under this name. */
  holding(name: string, kernel: K): () => boolean {
    return () => this.#kernels.get(name)?.kernel === kernel;
  }

  dispose(): void {
    for (const { kernel } of this.#kernels.values()) kernel.dispose();
    this.#kernels.clear();
  }
}

/** A name for what is merged into the node, which differs between plans for other shapes. */
export function nameOf({ kind, tail }: Activation): string {
  return tail === undefined ? kind : `${kind} ${Object.values(tail).join()}`;
}
