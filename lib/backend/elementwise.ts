import type { Activation } from './activation.js';

/**
 * Functions of an element of x and the matching one of another operand, in the order of the native
 * enum (native/kernels/elementwise.h):
 *
 * - copy: x; only the activation is applied
 * - max, min: NaN where either operand is NaN
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

/** The most axes outside the rows that a backend takes (native/ops/elementwise.h). */
export const ELEMENTWISE_AXES = 4;

/**
 * How an operand advances along a row: by one element; not at all; or, for blocked tensors,
 * cyclically over the vector of one block's channels. In the order of the native enum.
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
  /** An activation with at most one slope. */
  readonly activation: Activation;
  /** Outer axes, outermost first; at most ELEMENTWISE_AXES. */
  readonly extents: readonly number[];
  /** Elements of a row. */
  readonly length: number;
  readonly x: ElementwisePlace;
  /** Absent for `copy`. */
  readonly other: ElementwisePlace | undefined;
  /** Must advance by elements. */
  readonly y: ElementwisePlace;
  readonly plane?: number;
  /** Of one image in blocks, whose rows of pixels threads may share as convolutions do. */
  readonly height?: number;
  readonly threads: number | undefined;
}

/**
 * y may share memory with an operand that has the same places. @throws ConvfuseError ERR_ARGUMENT
 */
export type ElementwiseRun = (
  x: Float32Array,
  other: Float32Array | undefined,
  y: Float32Array,
) => void;
