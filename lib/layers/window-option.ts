import { argumentError } from '../errors.js';
import type { Padding, Window } from '../tensor/window.js';

/** One whole number for all spatial axes, or one for each, outermost first. */
export type PerAxis = number | readonly number[];

/**
 * Zeros around the input: one number for all sides; one for each axis; or the pads at the beginning
 * of all axes followed by those at the end ([top, left, bottom, right]). 'same-upper' and
 * 'same-lower' add as many as make the output ceil(input / stride); an odd one goes to the end or
 * the beginning.
 */
export type PaddingOption = PerAxis | 'same-upper' | 'same-lower';

/** The largest stride, dilation and pad. Larger ones are mistakes; kernels check the same limit. */
const MOST = 2 ** 24;

/** @throws ConvfuseError ERR_ARGUMENT */
export function readWindow(
  kernel: readonly number[],
  stride: PerAxis | undefined,
  padding: PaddingOption | undefined,
  dilation: PerAxis | undefined,
): Window {
  const rank = kernel.length;
  return {
    kernel,
    strides: readPerAxis(stride ?? 1, rank, 1, 'stride'),
    dilations: readPerAxis(dilation ?? 1, rank, 1, 'dilation'),
    padding: readPadding(padding ?? 0, rank),
  };
}

function readPadding(padding: PaddingOption, rank: number): Padding {
  if (padding === 'same-upper' || padding === 'same-lower') return padding;
  if (Array.isArray(padding) && padding.length === 2 * rank) {
    const sides = readPerAxis(padding as readonly number[], 2 * rank, 0, 'padding');
    return { begin: sides.slice(0, rank), end: sides.slice(rank) };
  }
  const both = readPerAxis(padding, rank, 0, 'padding');
  return { begin: both, end: both };
}

/** @throws ConvfuseError ERR_ARGUMENT */
export function readPerAxis(
  value: PerAxis,
  rank: number,
  least: number,
  name: string,
): readonly number[] {
  const values = Array.isArray(value)
    ? [...(value as readonly number[])]
    : new Array<number>(rank).fill(value as number);
  if (values.length !== rank) throw argumentError(`${rank} numbers`, name, value);
  for (const item of values) {
    if (!Number.isInteger(item) || item < least || item > MOST) {
      throw argumentError(`whole numbers from ${least} to ${MOST}`, name, value);
    }
  }
  return values;
}
