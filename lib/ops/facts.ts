import type { Dim } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import type { ValueFacts } from './operator.js';
import { numbersOf, toRunTensor } from './run-tensor.js';

/** Nothing known. */
export const UNKNOWN: ValueFacts = { type: undefined, dims: undefined };

/** More elements than any shape, axis list or scale list has: larger constants are not read. */
export const MAX_SMALL = 1024;

/** The type of an input, dims unknown. */
export function typeOnly(input: ValueFacts | undefined): ValueFacts {
  return { type: input?.type, dims: undefined };
}

/** One output like the first input. */
export function likeInput(
  _node: unknown,
  inputs: readonly (ValueFacts | undefined)[],
): ValueFacts[] {
  return [{ type: inputs[0]?.type, dims: inputs[0]?.dims }];
}

/** Dimensions when every one is a number. */
export function knownDims(facts: ValueFacts | undefined): readonly number[] | undefined {
  const dims = facts?.dims;
  return dims?.every((dim) => typeof dim === 'number') === true ? dims : undefined;
}

/** The number of elements, for costs; 0 where a dimension is unknown. */
export function countOf(facts: ValueFacts | undefined): number {
  const dims = knownDims(facts);
  return dims === undefined ? 0 : elementCount(dims);
}

/** The elements of a small whole-number vector or scalar, as far as they are known. */
export function elementsOf(facts: ValueFacts | undefined): readonly Dim[] | undefined {
  if (facts?.elements !== undefined) return facts.elements;
  return constantNumbers(facts);
}

/** The elements of a small constant as numbers. */
export function constantNumbers(facts: ValueFacts | undefined): readonly number[] | undefined {
  const constant = facts?.constant;
  if (constant?.type === undefined || constant.type === 'string') return undefined;
  if (elementCount(constant.dims) > MAX_SMALL) return undefined;
  return numbersOf(toRunTensor(constant.read(), 'float64'));
}
