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

/** Operators that only change the shape of their first input. */
const RESHAPING = new Set(['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/**
 * Other operators that compute parameters. The editor's sweep removes them when they become unused.
 */
const COMPUTING = new Set([
  ...['Cast', 'Transpose', 'Expand', 'Concat', 'Split', 'Slice', 'Gather', 'Shape'],
  'ConstantOfShape',
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Sqrt', 'Reciprocal', 'Pow', 'DequantizeLinear'],
]);

/**
 * The most steps from a parameter back to the constants that it is computed from; real ones take
 * four or five.
 */
const MAX_DEPTH = 32;

/** Whole numbers up to this, times a float32, are exact in double: 28 and 24 bits. */
const MOST_STEPS = 2 ** 28;

/** The most elements of a computed parameter: more than any layer has, against hostile shapes. */
const MAX_ELEMENTS = 2 ** 24;

const known = new WeakMap<Value, Constant>();

/**
 * The constant that a value equals in every run, also where nodes compute it from constants: scales
 * behind Unsqueeze, roots of variances, weights from ConstantOfShape. The graph is not changed; a
 * rule that folds the constant leaves the nodes that made it without a reader.
 */
export function parameterOf(value: Value | undefined): Constant | undefined {
  return value === undefined ? undefined : resolve(value, MAX_DEPTH, new Set());
}

/** The inputs of a node except its first, the data. */
export function parametersOf(node: Node): Value[] {
  return node.inputs.slice(1).filter((value) => value !== undefined);
}

/**
 * The values that a parameter is computed from: those without a producer, or with one that is not
 * looked through.
 */
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
    // The node violates its operator's rules; running the model reports that.
    if (error instanceof ConvfuseError) return undefined;
    throw error;
  }
}

/**
 * Whether all scale * (q - zero) are exact in float32. Only for vectors, such as batch norm
 * parameters: the weights of layers stay quantised in any case.
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
