import { ConvfuseError, type ErrorCode } from '../errors.js';
import type { Node } from '../ir/node.js';
import type { DataType } from '../tensor/dtype.js';
import { normalizeAxis } from '../tensor/shape.js';
import type { Operator } from './operator.js';

/** The newest opset of the default domain whose operators are described here. */
export const LATEST_OPSET = 26;

/** Any number of inputs or outputs. */
export const ANY = Number.MAX_SAFE_INTEGER;

type Defaulted = 'domain' | 'since' | 'until' | 'inputs' | 'outputs' | 'opType';

/** An operator of the default domain with one input and one output unless `spec` says otherwise. */
export function operator(
  opType: string,
  spec: Omit<Operator, Defaulted> & Partial<Pick<Operator, Defaulted>>,
): Operator {
  return {
    domain: '',
    since: 1,
    until: LATEST_OPSET,
    inputs: [1, 1],
    outputs: [1, 1],
    ...spec,
    opType,
  };
}

/** A float attribute, or its default, which is rounded to float32 as it would be in a file. */
export function floatOf(node: Node, name: string, otherwise: number): number {
  return node.attribute(name, 'float') ?? Math.fround(otherwise);
}

/**
 * An error about one node, with its operator and label in front. An attribute's value is ERR_MODEL if
 * the operator's specification does not define it, and ERR_UNSUPPORTED if it is only missing here.
 */
export function nodeError(node: Node, code: ErrorCode, message: string): ConvfuseError {
  return new ConvfuseError(code, `${node.opType} ${node.label}: ${message}`);
}

export function unsupportedType(node: Node, type: DataType): ConvfuseError {
  return nodeError(node, 'ERR_UNSUPPORTED', `${type} elements are not supported`);
}

/**
 * An axis attribute or element, counted from the end when negative.
 *
 * @throws ConvfuseError ERR_MODEL when it is out of range
 */
export function axisOf(node: Node, axis: number, rank: number): number {
  const index = normalizeAxis(axis, rank);
  if (index === undefined) {
    throw nodeError(node, 'ERR_MODEL', `expected an axis below rank ${rank}, received ${axis}`);
  }
  return index;
}
