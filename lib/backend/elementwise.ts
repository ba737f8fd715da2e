import type { Activation } from './activation.js';

/**
 * Functions of one element of x and one of another operand, in the order of the native enum
 * (native/kernels/elementwise.h):
 *
 * - copy: x alone, for the sake of the activation
 * - max, min: NaN where either is
 * - prelu: other * x below 0, else x
 * - normalise: (x - other[0]) * other[1] + other[2], three numbers that lie `plane` elements apart
 */
export const ELEMENTWISE_FUNCTIONS = [
  'copy',
  'add',
  'sub',
  'mul',
  'div',
  'max',
  'min',
  'prelu',
  'normalise',
] as const;

export type ElementwiseFunction = (typeof ELEMENTWISE_FUNCTIONS)[number];

/** Axes outside the rows that a backend takes (native/ops/elementwise.h). */
export const ELEMENTWISE_AXES = 4;

/**
 * How an operand goes along a row: from element to element; not at all; or, for blocked tensors,
 * over one vector of the channels of a block again and again. In the order of the native enum.
 */
export const ADVANCES = ['element', 'none', 'lanes'] as const;
export type Advance = (typeof ADVANCES)[number];

/** Where the rows of an operand begin: offset + sum of index * stride over the outer axes. */
export interface ElementwisePlace {
  readonly offset: number;
  /** One for each outer axis, 0 where the operand is repeated. */
  readonly strides: readonly number[];
  readonly advance: Advance;
}

/** y = activation(f(x, other)) for operands whose shapes are settled. */
export interface ElementwiseSpec {
  readonly f: ElementwiseFunction;
  /** Of one slope at most. */
  readonly activation: Activation;
  /** Outer axes, outermost first; at most ELEMENTWISE_AXES. */
  readonly extents: readonly number[];
  /** Elements of a row. */
  readonly length: number;
  readonly x: ElementwisePlace;
  /** Absent for `copy`. */
  readonly other: ElementwisePlace | undefined;
  /** Advances by elements. */
  readonly y: ElementwisePlace;
  readonly plane?: number;
  readonly threads: number | undefined;
}

/** y may be the memory of an operand in the very same places. @throws ConvfuseError ERR_ARGUMENT */
export type ElementwiseRun = (
  x: Float32Array,
  other: Float32Array | undefined,
  y: Float32Array,
) => void;
