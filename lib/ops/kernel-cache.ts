import type { Activation } from '../backend/activation.js';
import type { FloatArray } from '../backend/backend.js';

interface Kernel {
  dispose(): void;
}

/** Kernels of one node, by what they were made for. Disposed of with the session. */
export class KernelCache<K extends Kernel> {
  readonly #kernels = new Map<string, { readonly weight: FloatArray; readonly kernel: K }>();

  /**
   * The kernel of this name, made again when the weights are others than before; undefined where none
   * can be made.
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

  /** A function that tells whether the kernel of this name is still the same. */
  holding(name: string, kernel: K): () => boolean {
    return () => this.#kernels.get(name)?.kernel === kernel;
  }

  dispose(): void {
    for (const { kernel } of this.#kernels.values()) kernel.dispose();
    this.#kernels.clear();
  }
}

/** Plans for other shapes may have merged more into a node, or less. */
export function nameOf({ kind, tail }: Activation): string {
  return tail === undefined ? kind : `${kind} ${Object.values(tail).join()}`;
}
