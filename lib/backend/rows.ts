// What backends may do with the rows and planes of float32 tensors. Outputs overlap nothing.

import type { BlockedLayout } from './layout.js';

/**
 * Softmax, or its logarithm, along the middle axis of a dense [outer, size, inner]:
 * y = exp(x - m) / sum exp(x - m), m the largest of the axis. A NaN or +infinity, or nothing but
 * -infinity, makes all of its axis NaN.
 */
export interface SoftmaxCall {
  readonly log: boolean;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly threads: number | undefined;
}

/**
 * y = (x - mean) / sqrt(variance + epsilon) * scale[c] + bias[c] over rows of `parts` runs of `plane`
 * elements, of statistics of their own. Run k of row r has c = (r * parts + k) % scale.length.
 */
export interface NormaliseCall {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly scale: Float32Array;
  readonly bias: Float32Array;
  readonly rows: number;
  readonly parts: number;
  readonly plane: number;
  readonly epsilon: number;
  readonly threads: number | undefined;
}

/** y[r] = the sum of row r, of `size` elements, in double and then divided by `divisor`. */
export interface SumRowsCall {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly size: number;
  readonly divisor: number;
  readonly threads: number | undefined;
}

/**
 * Output o of an axis is the sum of weight[o * width + t] * input[index[o * width + t]] over t < width,
 * without the taps of weight 0. Without weights, and with a width of 1, it is the input at index[o].
 */
export interface ResampleAxis {
  readonly input: number;
  readonly output: number;
  readonly width: number;
  readonly index: Int32Array;
  readonly weight: Float32Array | undefined;
}

/** y[p, ...outputs] from x[p, ...inputs]. */
export interface ResampleCall {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly planes: number;
  /** Height and width. */
  readonly axes: readonly [ResampleAxis, ResampleAxis];
  readonly threads: number | undefined;
}

/** The same for planes of [N, C] that lie in blocks. */
export interface BlockedResampleCall extends Omit<ResampleCall, 'planes'> {
  readonly batch: number;
  readonly channels: number;
  readonly layouts: { readonly x: BlockedLayout; readonly y: BlockedLayout };
}
