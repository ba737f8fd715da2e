import type { Node } from '../ir/node.js';
import type { Refusal } from '../rewrite/rule.js';

/** The versions and attributes of an operator whose meaning the formulas of the rules assume. */
interface KnownOperator {
  /** Opset versions with this meaning. */
  readonly opsets: readonly [first: number, last: number];
  /** Attributes that the formulas take into account or that do not affect them. */
  readonly attributes: readonly string[];
}

/** The newest operator set that was reviewed: a later one may change any meaning. */
const NEWEST = 26;

const WINDOW = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides'];

/** Versions of onnx/defs: Changelog.md of the ONNX repository. */
const KNOWN: ReadonlyMap<string, KnownOperator> = new Map<string, KnownOperator>([
  ['Conv', { opsets: [1, NEWEST], attributes: [...WINDOW, 'group'] }],
  [
    'ConvTranspose',
    { opsets: [1, NEWEST], attributes: [...WINDOW, 'group', 'output_padding', 'output_shape'] },
  ],
  ['Gemm', { opsets: [1, NEWEST], attributes: ['alpha', 'beta', 'transA', 'transB', 'broadcast'] }],
  ['MatMul', { opsets: [1, NEWEST], attributes: [] }],
  [
    'BatchNormalization',
    {
      opsets: [1, NEWEST],
      attributes: ['epsilon', 'momentum', 'is_test', 'spatial', 'consumed_inputs', 'training_mode'],
    },
  ],
  // Before opset 7 these broadcast only where an attribute says so, and align axes differently.
  ['Mul', { opsets: [7, NEWEST], attributes: [] }],
  ['Div', { opsets: [7, NEWEST], attributes: [] }],
  ['Add', { opsets: [7, NEWEST], attributes: [] }],
  ['Sub', { opsets: [7, NEWEST], attributes: [] }],
  ['Neg', { opsets: [6, NEWEST], attributes: [] }],
  ['Sum', { opsets: [6, NEWEST], attributes: [] }],
  ['Pad', { opsets: [2, NEWEST], attributes: ['mode', 'pads', 'value'] }],
  [
    'AveragePool',
    { opsets: [1, NEWEST], attributes: [...WINDOW, 'ceil_mode', 'count_include_pad'] },
  ],
  ['MaxPool', { opsets: [1, NEWEST], attributes: [...WINDOW, 'ceil_mode', 'storage_order'] }],
  // Before opset 5 the shape is an attribute.
  ['Reshape', { opsets: [5, NEWEST], attributes: ['allowzero'] }],
  ['Flatten', { opsets: [1, NEWEST], attributes: ['axis'] }],
  ['Squeeze', { opsets: [1, NEWEST], attributes: ['axes'] }],
  ['Unsqueeze', { opsets: [1, NEWEST], attributes: ['axes'] }],
  ['Transpose', { opsets: [1, NEWEST], attributes: ['perm'] }],
  // Before opset 2 the sizes may be an input, before 4 the axis may be left out.
  ['Split', { opsets: [2, NEWEST], attributes: ['axis', 'split', 'num_outputs'] }],
  ['Concat', { opsets: [4, NEWEST], attributes: ['axis'] }],
  // Before opset 13 there is one scale for all; from 21 on there may be blocks.
  ['DequantizeLinear', { opsets: [13, NEWEST], attributes: ['axis'] }],
  // Before opset 6 activations may overwrite their input.
  ['Relu', { opsets: [6, NEWEST], attributes: [] }],
  ['Tanh', { opsets: [6, NEWEST], attributes: [] }],
  ['Sigmoid', { opsets: [6, NEWEST], attributes: [] }],
  ['LeakyRelu', { opsets: [6, NEWEST], attributes: ['alpha'] }],
  ['HardSigmoid', { opsets: [6, NEWEST], attributes: ['alpha', 'beta'] }],
  ['Clip', { opsets: [6, NEWEST], attributes: ['min', 'max'] }],
  ['Identity', { opsets: [1, NEWEST], attributes: [] }],
]);

/** Refuses a node whose opset version has no known meaning here. */
export function opsetRefusal(node: Node): Refusal | undefined {
  const known = KNOWN.get(node.opType);
  const { opset } = node;
  if (known !== undefined && opset >= known.opsets[0] && opset <= known.opsets[1]) return undefined;
  const range = known === undefined ? 'none' : `${known.opsets[0]} to ${known.opsets[1]}`;
  const detail = `${node.opType} ${node.label} is of opset ${opset}; known are ${range}`;
  return { reason: 'opset', detail };
}

/** Refuses a node with attributes that the formulas may not cover. */
export function attributeRefusal(node: Node): Refusal | undefined {
  const known = KNOWN.get(node.opType)?.attributes ?? [];
  for (const { name, kind } of node.attributes.values()) {
    if (!known.includes(name)) {
      const detail = `${node.opType} ${node.label} has an attribute ${name}, which is not known`;
      return { reason: 'attribute', detail };
    }
    if (kind === 'reference') {
      const detail = `${name} of ${node.label} is bound to an attribute of its function`;
      return { reason: 'attribute', detail };
    }
  }
  return undefined;
}
