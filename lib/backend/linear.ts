import type { Activation } from './activation.js';
import type { BoundLayer, FloatArray } from './backend.js';

/**
 * out[m, n] = activation(sum_k a[m, k] * weight[k, n] + bias[n] + residual[m, n]), row major and dense:
 * products with a matrix that is the same in every run.
 */
export interface LinearSpec {
  readonly weight: FloatArray;
  readonly n: number;
  readonly k: number;
  /** The weight is stored [n, k]. */
  readonly transposed: boolean;
  readonly bias: FloatArray | undefined;
  /** Slopes: one. */
  readonly activation: Activation;
  readonly threads: number | undefined;
}

/** Such products ready to run: the weight checked and packed. */
export interface LinearLayer {
  /** As many rows as the arrays have; the residual may be left out. Not to be called after dispose(). */
  readonly run: BoundLayer;
  dispose(): void;
}
