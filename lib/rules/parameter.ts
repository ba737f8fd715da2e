import { ConvfuseError } from '../errors.js';
import type { Constant } from '../ir/constant.js';
import { constantOf as constantOfTensor } from '../ir/constant.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { constantOfValue } from '../ir/view.js';
import { evaluateConstants, evaluateNode } from '../ops/evaluate.js';
import { operatorOf } from '../ops/index.js';
import { toRunTensor } from '../ops/run-tensor.js';
import { elementBytes } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { attributeRefusal, opsetRefusal } from './operators.js';

/** Operators that only give the elements of their first input another shape. */
const RESHAPING = new Set(['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/** The others that parameters are computed with: what the editor's sweep clears away again. */
const COMPUTING = new Set([
  ...['Cast', 'Transpose', 'Expand', 'Concat', 'Split', 'Slice', 'Gather', 'Shape'],
  'ConstantOfShape',
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Sqrt', 'Reciprocal', 'Pow', 'DequantizeLinear'],
]);

/** Steps from a parameter back to what it is computed from: real ones take four or five. */
const MAX_DEPTH = 32;

/** Whole numbers up to here times a float32 are doubles without rounding: 28 and 24 bits. */
const MOST_STEPS = 2 ** 28;

/** Elements of a computed parameter. More than any layer has; a bound for hostile shapes. */
const MAX_ELEMENTS = 2 ** 24;

const known = new WeakMap<Value, Constant>();

/**
 * The constant that a value always is, also where nodes compute it out of constants: scales
 * behind Unsqueeze, roots of variances, weights out of ConstantOfShape. Nothing is changed; a
 * rule that folds the constant leaves the nodes that made it without a reader.
 */
export function parameterOf(value: Value | undefined): Constant | undefined {
  return value === undefined ? undefined : resolve(value, MAX_DEPTH, new Set());
}

/** The inputs of a node but its first, the data. */
export function parametersOf(node: Node): Value[] {
  return node.inputs.slice(1).filter((value) => value !== undefined);
}

/** The values without a producer, or with an opaque one, that a parameter depends on. */
export function leavesOf(value: Value): Value[] {
  const leaves: Value[] = [];
  const seen = new Set<Value>([value]);
  for (const at of seen) {
    const producer = at.producer;
    if (producer === undefined || !isTransparent(producer) || seen.size > 8 * MAX_DEPTH) {
      leaves.push(at);
    } else {
      for (const input of producer.inputs) if (input !== undefined) seen.add(input);
    }
  }
  return leaves;
}

/** @param failed values already found not to be constants, so that no path is walked twice */
function resolve(value: Value, depth: number, failed: Set<Value>): Constant | undefined {
  const found = constantOfValue(value) ?? known.get(value);
  if (found !== undefined) return found;
  const { producer } = value;
  if (depth === 0 || failed.has(value) || producer === undefined || !isTransparent(producer)) {
    return undefined;
  }
  const inputs = producer.inputs.map((input) => input && resolve(input, depth - 1, failed));
  const complete = inputs.every(
    (input, at) => (input === undefined) === (producer.inputs[at] === undefined),
  );
  const computed = complete
    ? compute(producer, inputs, producer.outputs.indexOf(value))
    : undefined;
  if (computed === undefined) failed.add(value);
  else known.set(value, computed);
  return computed;
}

function isTransparent(node: Node): boolean {
  const { opType } = node;
  return (
    (opType === 'Identity' || RESHAPING.has(opType) || COMPUTING.has(opType)) && node.is(opType)
  );
}

function compute(
  node: Node,
  inputs: readonly (Constant | undefined)[],
  output: number,
): Constant | undefined {
  try {
    const facts = operatorOf(node)?.infer?.(
      node,
      inputs.map((constant) => constant && { type: constant.type, dims: constant.dims, constant }),
    )[output];
    const dims = numbersOnly(facts?.dims);
    if (dims === undefined || elementCount(dims) > MAX_ELEMENTS) return undefined;
    const [source] = inputs;
    if (node.opType === 'Identity') return source;
    if (RESHAPING.has(node.opType) && source?.type !== undefined) return viewOf(source, dims);
    if (node.opType === 'DequantizeLinear' && !dequantizesExactly(node, inputs)) return undefined;
    const tensor = evaluateConstants(node, inputs, 'float32')[output];
    return tensor && constantOfTensor(tensor);
  } catch (error) {
    // A node that breaks its operator's rules: whoever runs the model will say so.
    if (error instanceof ConvfuseError) return undefined;
    throw error;
  }
}

/**
 * Whether scale * (q - zero) are float32 numbers as they stand, for vectors: those of a batch norm. What
 * a layer multiplies with stays quantised, exact or not.
 */
function dequantizesExactly(node: Node, inputs: readonly (Constant | undefined)[]): boolean {
  const [stored, scale] = inputs;
  if (stored?.dims.length !== 1 || scale?.type !== 'float32') return false;
  if (opsetRefusal(node) !== undefined || attributeRefusal(node) !== undefined) return false;
  const steps = stored.read().data as ArrayLike<number>;
  if (Array.prototype.some.call(steps, (q: number) => Math.abs(q) > MOST_STEPS)) return false;
  const tensors = inputs.map((input) => input && toRunTensor(input.read(), 'float64'));
  const [product] = evaluateNode(node, tensors, 'float64');
  return (product!.data as Float64Array).every((value) => Math.fround(value) === value);
}

function numbersOnly(dims: readonly unknown[] | undefined): number[] | undefined {
  return dims?.every((dim) => typeof dim === 'number') === true ? [...dims] : undefined;
}

function viewOf(source: Constant, dims: readonly number[]): Constant | undefined {
  const { type } = source;
  if (type === undefined || elementCount(dims) !== elementCount(source.dims)) return undefined;
  const byteLength = elementCount(dims) * elementBytes(type);
  return { type, dims, byteLength, read: (room) => ({ ...source.read(room), dims }) };
}
