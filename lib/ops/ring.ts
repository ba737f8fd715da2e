// Sums and products of elements of any one type, for loops that are written once for all types.

import { isFloatType, type DataType } from '../tensor/dtype.js';
import { isWide } from './run-tensor.js';

/**
 * Addition and multiplication of elements of a type. Results may need more bits than the type has;
 * storing them in the type's array wraps whole numbers as in C. 64-bit elements are bigints with
 * the TypeScript type of numbers, which is safe because the two are never mixed.
 */
export interface Ring {
  readonly zero: number;
  readonly one: number;
  readonly add: (x: number, y: number) => number;
  readonly multiply: (x: number, y: number) => number;
}

const sum = (x: number, y: number): number => x + y;

const FLOATS: Ring = { zero: 0, one: 1, add: sum, multiply: (x, y) => x * y };

const WIDE: Ring = {
  zero: 0n as unknown as number,
  one: 1n as unknown as number,
  add: sum,
  multiply: FLOATS.multiply,
};

/** Up to 32 bits. Sums are cut to them at every step: a double would lose the low ones. */
const WHOLE: Ring = { zero: 0, one: 1, add: (x, y) => (x + y) | 0, multiply: Math.imul };

/** Or and And, as numpy adds and multiplies flags. */
const FLAGS: Ring = { zero: 0, one: 1, add: (x, y) => x | y, multiply: (x, y) => x & y };

/** The ring of a type; undefined for strings. */
export function ringOf(type: DataType): Ring | undefined {
  if (type === 'string') return undefined;
  if (isFloatType(type)) return FLOATS;
  if (isWide(type)) return WIDE;
  return type === 'bool' ? FLAGS : WHOLE;
}
