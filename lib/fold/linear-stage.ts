import { elementCount } from '../tensor/shape.js';
import { dilatedExtent, type Window } from '../tensor/window.js';

/** A window whose pads are numbers. */
export interface PaddedWindow extends Window {
  readonly padding: { readonly begin: readonly number[]; readonly end: readonly number[] };
}

/**
 * A convolution with its numbers in double, before they are rounded to any type:
 * y[o] = bias[o] + sum of weight[o, i, t] x[i at t]. Batch norms and average pools are convolutions
 * of one input channel a group.
 */
export interface LinearStage {
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
  readonly window: PaddedWindow;
  /** [M, C/groups, ...kernel]; float32 where that holds them exactly */
  readonly weight: Float32Array | Float64Array;
  /** [M] */
  readonly bias: Float64Array;
}

/** A convolution whose weights are computed an output at a time: all of them in double take room. */
export interface StageRows extends Omit<LinearStage, 'weight'> {
  /** The weights of output `o`: [C/groups, ...kernel]. The array serves the next output too. */
  readonly row: (o: number) => Float64Array;
}

/** One tap, no pads, step 1: what a channel-wise operator looks through. */
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

/** Whether a window is one tap without pads: then it may stride, but never leaves the input. */
export function isPointwise({ kernel, padding }: PaddedWindow): boolean {
  return kernel.every((size) => size === 1) && !hasPads(padding);
}

/** Whether some outputs may see less than all taps. */
export function hasPads({ begin, end }: PaddedWindow['padding']): boolean {
  return [...begin, ...end].some((pad) => pad !== 0);
}

/**
 * How much larger the output is than an input of the same axis, before strides divide it: begin +
 * end - (extent - 1). Windows of equal strides and growth make outputs of equal sizes, always.
 */
export function growthOf(window: PaddedWindow): number[] {
  const { kernel, dilations, padding } = window;
  return kernel.map(
    (size, axis) =>
      padding.begin[axis]! + padding.end[axis]! + 1 - dilatedExtent(size, dilations[axis]!),
  );
}

/** Taps of a kernel. */
export function tapCount({ kernel }: Window): number {
  return elementCount(kernel);
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
