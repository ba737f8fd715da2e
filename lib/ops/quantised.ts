// Bytes minus their zero points.

import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import type { NumberArray } from './elementwise.js';
import type { Evaluation, RunTensor } from './operator.js';
import { numbersOf } from './run-tensor.js';
import { nodeError, unsupportedType } from './schema.js';

/** Bytes with their zero points. */
export interface Quantised {
  readonly x: RunTensor;
  readonly zero: RunTensor | undefined;
}

/** The zero points: one for all elements, or `points` of them. @throws ConvfuseError ERR_MODEL */
export function zerosOf(node: Node, { x, zero }: Quantised, points: number): readonly number[] {
  if (x.type !== 'int8' && x.type !== 'uint8') throw unsupportedType(node, x.type);
  const zeros = zero === undefined ? [0] : numbersOf(zero);
  if (zeros.length !== 1 && zeros.length !== points) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `expected 1 or ${points} zero points, received ${zeros.length}`,
    );
  }
  return zeros;
}

/**
 * Writes elements minus their zero points.
 *
 * @param at index of an element's zero point, where there are several
 */
export function centre<A extends FloatArray>(
  from: RunTensor,
  zeros: readonly number[],
  at: (i: number) => number,
  out: A,
): A {
  const source = from.data as NumberArray;
  const first = zeros[0]!;
  if (zeros.length > 1) {
    for (let i = 0; i < out.length; i++) out[i] = source[i]! - zeros[at(i)]!;
  } else if (first === 0) out.set(source);
  else for (let i = 0; i < out.length; i++) out[i] = source[i]! - first;
  return out;
}

/** Memory inside a step, for float32 or float64 numbers, whichever of them the run computes in. */
export function scratch(call: Evaluation, kind: 'float32' | 'float64', count: number): FloatArray {
  // In a float64 run, allocateFloat() returns doubles for float32 too.
  if (kind === 'float32' && call.arithmetic === 'float64') return new Float32Array(count);
  return call.allocateFloat(kind, count);
}

/** Sums as a tensor. An Int32Array, which must be memory of the step, becomes its data. */
export function toInt32(
  call: Evaluation,
  dims: readonly number[],
  sums: FloatArray | Int32Array,
): RunTensor {
  if (sums instanceof Int32Array) return { type: 'int32', dims, data: sums };
  const data = call.allocate('int32', dims) as Int32Array;
  for (let i = 0; i < data.length; i++) data[i] = sums[i]!;
  return { type: 'int32', dims, data };
}
