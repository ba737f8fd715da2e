import type { Activation } from './activation.js';
import type { BoundLayer, FloatArray } from './backend.js';

/**
 * A product with a matrix that is the same in every run, row major and dense: out[m, n] =
 * activation(sum_k a[m, k] * weight[k, n] + bias[n] + residual[m, n]).
 */
export interface LinearSpec {
  readonly weight: FloatArray;
  readonly n: number;
  readonly k: number;
  /** The weight is stored [n, k]. */
  readonly transposed: boolean;
  readonly bias: FloatArray | undefined;
  /** An activation with at most one slope. */
  readonly activation: Activation;
  readonly threads: number | undefined;
}

/** A linear layer ready to run: its weight is checked and packed. */
export interface LinearLayer {
  /** Takes any number of rows; the residual is optional. Do not call it after dispose(). */
  readonly run: BoundLayer;
  dispose(): void;
}
