import test from 'ava';

import { validate } from '#convfuse/onnx/validate.js';

import {
  float,
  modelFunction,
  node,
  reference,
  tensor,
  type AttributeSpec,
  type ModelSpec,
} from '../helpers/model-builder.js';
import { codeOf, readSpec } from '../helpers/read-bytes.js';

function code(spec: ModelSpec): string {
  const file = readSpec(spec);
  return codeOf(() => validate(file));
}

const WEIGHT = tensor('w', [4, 1, 3, 3], new Float32Array(36));

/** A Conv (or what else) with these attributes over a weight of 4 x 1 x 3 x 3. */
function conv(
  attributes: Readonly<Record<string, AttributeSpec>>,
  opType = 'Conv',
  weight = WEIGHT,
): ModelSpec {
  const nodes = [node(opType, ['x', 'w'], ['y'], attributes)];
  return { inputs: ['x'], outputs: ['y'], initializers: [weight], nodes };
}

const BAD: readonly [string, Readonly<Record<string, AttributeSpec>>][] = [
  ['stride 0', { strides: [1, 0] }],
  ['a negative stride', { strides: [-1, 1] }],
  ['dilation 0', { dilations: [0, 1] }],
  ['a negative pad', { pads: [0, 0, -1, 0] }],
  ['a pad of 2^31', { pads: [2 ** 31, 0, 0, 0] }],
  ['one stride of two', { strides: [1] }],
  ['two pads of four', { pads: [1, 1] }],
  ['kernel_shape other than the weights', { kernel_shape: [3, 5] }],
  ['group 0', { group: 0 }],
  ['group 2^40', { group: 2 ** 40 }],
  ['a group that does not divide', { group: 3 }],
  ['auto_pad unknown', { auto_pad: 'SAME' }],
  ['strides of another kind', { strides: 1 }],
];

for (const [name, attributes] of BAD) {
  test(`a convolution is refused for ${name}`, (t) => {
    t.is(code(conv(attributes)), 'ERR_MODEL');
    t.is(code(conv(attributes, 'ConvTranspose')), 'ERR_MODEL');
    t.is(code(conv(attributes, 'com.example::Conv')), 'none');
  });
}

test('a convolution as it should be passes', (t) => {
  const good = {
    kernel_shape: [3, 3],
    strides: [1, 2],
    dilations: [1, 1],
    pads: [1, 1, 1, 1],
    group: 2,
    auto_pad: 'NOTSET',
  };
  t.is(code(conv(good)), 'none');
  t.is(code(conv({ ...good, output_padding: [0, 1] }, 'ConvTranspose')), 'none');
  t.is(code(conv({ output_padding: [0, -1] }, 'ConvTranspose')), 'ERR_MODEL');
});

test('weights are floats of rank 3 or more', (t) => {
  t.is(code(conv({}, 'Conv', tensor('w', [4, 4], new Float32Array(16)))), 'ERR_MODEL');
  t.is(code(conv({}, 'Conv', tensor('w', [4, 1, 1], new Int8Array(4), 'int8'))), 'ERR_MODEL');
  t.is(code(conv({}, 'Conv', tensor('w', [4, 1, 1], new Uint16Array(4), 'float16'))), 'none');
});

test('weights of a Constant node count, unknown ones do not', (t) => {
  const nodes = [
    node('Constant', [], ['w'], { value: WEIGHT }),
    conv({ kernel_shape: [5, 5] }).nodes![0]!,
  ];
  t.is(code({ inputs: ['x'], outputs: ['y'], nodes }), 'ERR_MODEL');
  t.is(code({ inputs: ['x', 'w'], outputs: ['y'], nodes: [nodes[1]!] }), 'none');
});

const ARITIES: readonly [string, number, boolean][] = [
  ['Conv', 1, false],
  ['Conv', 4, false],
  ['BatchNormalization', 4, false],
  ['BatchNormalization', 5, true],
  ['BatchNormalization', 6, false],
  ['Gemm', 1, false],
  ['Gemm', 2, true],
  ['Gemm', 4, false],
  ['Add', 1, false],
  ['Add', 3, false],
  ['Relu', 0, false],
  ['Relu', 2, false],
  ['Unheard', 0, true],
];

for (const [opType, count, fine] of ARITIES) {
  test(`${opType} of ${count} inputs is ${fine ? 'fine' : 'refused'}`, (t) => {
    const inputs = new Array<string>(count).fill('x');
    const spec = { inputs: ['x'], outputs: ['y'], nodes: [node(opType, inputs, ['y'])] };
    t.is(code(spec), fine ? 'none' : 'ERR_MODEL');
  });
}

test('an input that must be there may not be omitted', (t) => {
  const bn = node('BatchNormalization', ['x', '', 'x', 'x', 'x'], ['y'], { epsilon: float(1e-5) });
  t.is(code({ inputs: ['x'], outputs: ['y'], nodes: [bn] }), 'ERR_MODEL');
});

test('an operator that a function redefines is not judged', (t) => {
  const fn = modelFunction({
    domain: '',
    name: 'Relu',
    inputs: [],
    outputs: ['z'],
    nodes: [node('Foo', [], ['z'])],
  });
  const nodes = [node('Relu', [], ['y'])];
  t.is(code({ outputs: ['y'], nodes, functions: [fn] }), 'none');
});

test('an attribute that is the caller’s is not judged', (t) => {
  const inner = node('Conv', ['x', 'w'], ['z'], {
    strides: reference('strides', 's', 7),
    group: reference('group', 'g', 2),
  });
  const fn = modelFunction({
    domain: 'l',
    name: 'F',
    inputs: ['x', 'w'],
    outputs: ['z'],
    attributes: ['s', 'g'],
    nodes: [inner],
  });
  t.is(code({ inputs: ['x'], outputs: ['x'], functions: [fn] }), 'none');
});
