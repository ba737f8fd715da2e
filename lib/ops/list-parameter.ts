// Lists (axes, pads, sizes ...) that are attributes in early opsets and inputs in later ones.

import type { Node } from '../ir/node.js';
import { constantNumbers } from './facts.js';
import type { RunTensor, ValueFacts } from './operator.js';
import { numbersOf } from './run-tensor.js';

/** The list in an input if it is there, else in the attribute; undefined when in neither. */
export function listOf(
  node: Node,
  inputs: readonly (RunTensor | undefined)[],
  index: number,
  attribute: string,
): readonly number[] | undefined {
  const tensor = inputs[index];
  return tensor === undefined ? node.attribute(attribute, 'ints') : numbersOf(tensor);
}

/** The list before a run; 'unknown' when it is an input whose elements are not known. */
export function listFacts(
  node: Node,
  inputs: readonly (ValueFacts | undefined)[],
  index: number,
  attribute: string,
): readonly number[] | 'unknown' | undefined {
  if (node.optionalInput(index) === undefined) return node.attribute(attribute, 'ints');
  return constantNumbers(inputs[index]) ?? 'unknown';
}
