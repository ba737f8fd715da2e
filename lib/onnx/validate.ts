import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { constantOfValue } from '../ir/view.js';
import { isFloatType } from '../tensor/dtype.js';
import { MAX_SIZE } from './limits.js';
import { modelError, quoted } from './model-error.js';

/** Minimum and maximum numbers of inputs and outputs, and further checks. */
interface Signature {
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
  readonly check?: (node: Node) => void;
}

const AUTO_PADS = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'];
const UNARY: Signature = { inputs: [1, 1], outputs: [1, 1] };
const BINARY: Signature = { inputs: [2, 2], outputs: [1, 1] };

/** The operators that the rules rewrite, and common neighbours: https://onnx.ai/onnx/operators/ */
const SIGNATURES: ReadonlyMap<string, Signature> = new Map([
  ['Conv', { inputs: [2, 3], outputs: [1, 1], check: (node) => checkConv(node, false) }],
  ['ConvTranspose', { inputs: [2, 3], outputs: [1, 1], check: (node) => checkConv(node, true) }],
  ['BatchNormalization', { inputs: [5, 5], outputs: [1, 5] }],
  ['Gemm', { inputs: [2, 3], outputs: [1, 1] }],
  ['MatMul', BINARY],
  ['Add', BINARY],
  ['Sub', BINARY],
  ['Mul', BINARY],
  ['Div', BINARY],
  ['PRelu', BINARY],
  ['Identity', UNARY],
  ['Relu', UNARY],
  ['LeakyRelu', UNARY],
  ['Elu', UNARY],
  ['Sigmoid', UNARY],
  ['HardSigmoid', UNARY],
  ['HardSwish', UNARY],
  ['Tanh', UNARY],
  ['Softplus', UNARY],
]);

/**
 * Checks that the operators that rules and runtime rely on are used as ONNX defines them, as far as
 * no rule or kernel could handle another use. Shapes that depend on declarations are not judged,
 * since declarations are only hints.
 *
 * @throws ConvfuseError ERR_MODEL
 */
export function validate(model: Model): void {
  for (const graph of model.graphs()) {
    for (const node of graph.nodes()) {
      const signature = node.domain === '' ? SIGNATURES.get(node.opType) : undefined;
      if (signature !== undefined && node.is(node.opType)) checkNode(node, signature);
    }
  }
}

function checkNode(node: Node, { inputs, outputs, check }: Signature): void {
  const count = node.inputs.length;
  if (count < inputs[0] || count > inputs[1]) throw invalid(node, `has ${count} inputs`);
  for (let index = 0; index < inputs[0]; index++) node.input(index);
  const made = node.outputs.length;
  if (made < outputs[0] || made > outputs[1]) throw invalid(node, `has ${made} outputs`);
  check?.(node);
}

function checkConv(node: Node, transposed: boolean): void {
  const weight = node.input(1);
  const constant = weight.initializer ?? constantOfValue(weight);
  if (constant?.type !== undefined && !isFloatType(constant.type)) {
    throw invalid(node, `has weights of type ${constant.type}`);
  }
  const dims = constant?.dims;
  if (dims !== undefined && dims.length < 3)
    throw invalid(node, `has weights of rank ${dims.length}`);
  const spatial = dims?.slice(2);
  const rank = spatial?.length;
  const kernel = sizes(node, 'kernel_shape', 1, rank);
  if (kernel !== undefined && spatial?.some((size, axis) => size !== kernel[axis]) === true) {
    throw invalid(node, `has kernel_shape ${kernel}, and weights of ${spatial}`);
  }
  sizes(node, 'strides', 1, rank);
  sizes(node, 'dilations', 1, rank);
  sizes(node, 'pads', 0, rank === undefined ? undefined : rank * 2);
  if (transposed) sizes(node, 'output_padding', 0, rank);
  const autoPad = known(node, 'auto_pad') ? node.attribute('auto_pad', 'string') : undefined;
  if (autoPad !== undefined && autoPad !== '' && !AUTO_PADS.includes(autoPad)) {
    throw invalid(node, `has auto_pad ${quoted(autoPad)}`);
  }
  checkGroup(node, weight, dims);
}

/**
 * The groups must divide the first dimension of the weights: M, or C of a transposed convolution.
 */
function checkGroup(node: Node, weight: Value, dims: readonly number[] | undefined): void {
  const group = (known(node, 'group') ? node.attribute('group', 'int') : undefined) ?? 1;
  if (group < 1 || group > MAX_SIZE) throw invalid(node, `has group ${group}`);
  if (dims !== undefined && dims[0]! % group !== 0) {
    throw invalid(node, `has group ${group}, which does not divide ${dims[0]} of ${weight.name}`);
  }
}

/** A list attribute of whole numbers >= `least`, of the right length where that is known. */
function sizes(
  node: Node,
  name: string,
  least: number,
  length: number | undefined,
): readonly number[] | undefined {
  const list = known(node, name) ? node.attribute(name, 'ints') : undefined;
  if (list === undefined) return undefined;
  const bad = list.find((size) => size < least || size > MAX_SIZE);
  if (bad !== undefined) throw invalid(node, `has ${bad} in ${name}`);
  if (length !== undefined && list.length !== length) {
    throw invalid(node, `has ${list.length} numbers in ${name}, not ${length}`);
  }
  return list;
}

/** Whether the value of an attribute is known: in a function body it may refer to the caller's. */
function known(node: Node, name: string): boolean {
  const kind = node.attributes.get(name)?.kind;
  return kind !== undefined && kind !== 'reference';
}

function invalid(node: Node, what: string): Error {
  return modelError(`${node.opType} ${quoted(node.label)} ${what}`);
}
