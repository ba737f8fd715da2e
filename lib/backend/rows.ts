// Optional backend functions on rows and planes of float32 tensors. Outputs overlap no other array.

import type { BlockedLayout } from './layout.js';

/**
 * Softmax, or its logarithm, along the middle axis of a dense [outer, size, inner]: y = exp(x - m)
 * / sum exp(x - m), where m is the maximum along the axis. If x has a NaN or +infinity there, or
 * nothing but -infinity, all of y along that axis is NaN.
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
 * y = (x - mean) / sqrt(variance + epsilon) * scale[c] + bias[c], with mean and variance of each
 * row. A row is `parts` runs of `plane` elements; run k of row r has c = (r * parts + k) %
 * scale.length.
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

/** y[r] = (the sum of the `size` elements of row r) / divisor, computed in double. */
export interface SumRowsCall {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly size: number;
  readonly divisor: number;
  readonly threads: number | undefined;
}

/**
 * Output o of an axis is the sum over t < width of weight[o * width + t] * input[index[o * width +
 * t]]; taps of weight 0 are skipped. Without weights the width is 1, and output o is the input at
 * index[o].
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

/** A resampling of N x C planes in blocks. */
export interface BlockedResampleCall extends Omit<ResampleCall, 'planes'> {
  readonly batch: number;
  readonly channels: number;
  readonly layouts: { readonly x: BlockedLayout; readonly y: BlockedLayout };
}
