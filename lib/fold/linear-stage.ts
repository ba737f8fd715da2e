import { elementCount } from '../tensor/shape.js';
import { dilatedExtent, type Window } from '../tensor/window.js';

/** A window with explicit pads. */
export interface PaddedWindow extends Window {
  readonly padding: { readonly begin: readonly number[]; readonly end: readonly number[] };
}

/**
 * A convolution before its parameters are rounded to any type: y[o] = bias[o] + sum of weight[o, i,
 * t] x[i at t]. Batch norms and average pools are convolutions of one input channel a group.
 */
export interface LinearStage {
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
  readonly window: PaddedWindow;
  /** [M, C/groups, ...kernel]; float32 where that is exact. */
  readonly weight: Float32Array | Float64Array;
  /** [M] */
  readonly bias: Float64Array;
}

/**
 * A convolution whose weights are computed one output channel at a time, since all of them in
 * double would take much memory.
 */
export interface StageRows extends Omit<LinearStage, 'weight'> {
  /** The weights of output `o`: [C/groups, ...kernel]. The next call reuses the array. */
  readonly row: (o: number) => Float64Array;
}

/** The window of a channel-wise operator: one tap, no pads, stride 1. */
export function pointWindow(rank: number): PaddedWindow {
  const ones = new Array<number>(rank).fill(1);
  const zeros = new Array<number>(rank).fill(0);
  return {
    kernel: ones,
    strides: ones,
    dilations: ones,
    padding: { begin: zeros, end: zeros },
  };
}

/** Whether a window is one tap without pads, of any stride: it never reads outside the input. */
export function isPointwise({ kernel, padding }: PaddedWindow): boolean {
  return kernel.every((size) => size === 1) && !hasPads(padding);
}

/** Whether some outputs may see fewer than all taps. */
export function hasPads({ begin, end }: PaddedWindow['padding']): boolean {
  return [...begin, ...end].some((pad) => pad !== 0);
}

/**
 * By axis, how much larger the output is than the input before strides divide it: begin + end -
 * (extent - 1). Windows of equal strides and growth make outputs of equal size for every input.
 */
export function growthOf(window: PaddedWindow): number[] {
  const { kernel, dilations, padding } = window;
  return kernel.map(
    (size, axis) =>
      padding.begin[axis]! + padding.end[axis]! + 1 - dilatedExtent(size, dilations[axis]!),
  );
}

/** The number of taps of a kernel. */
export function tapCount({ kernel }: Window): number {
  return elementCount(kernel);
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
