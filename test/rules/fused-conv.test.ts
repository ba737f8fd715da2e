// Covers fuse-activation-into-conv.ts and fuse-residual-into-conv.ts: what becomes a FusedConv, and
// that onnxruntime computes the same with it.

import test from 'ava';

import { encodeModel } from '#convfuse/api/encode.js';
import { fuseModel } from '#convfuse/api/fuse.js';
import { loadModel } from '#convfuse/api/load.js';
import { randomInputs } from '#convfuse/api/random-inputs.js';
import { parseText, printNodes } from '#convfuse/ir/text.js';
import { firstDifference, judge } from '../helpers/judge.js';

const NAME = 'com.microsoft.FusedConv';

/** Name, model, its nodes afterwards. */
const FUSED: readonly (readonly [string, string, string])[] = [
  ['Relu', 'y = Conv(x, W, b)\nz = Relu(y)', `z = ${NAME}<activation = "Relu">(x, W, b)`],
  ['Tanh', 'y = Conv(x, W)\nz = Tanh(y)', `z = ${NAME}<activation = "Tanh">(x, W)`],
  ['Sigmoid', 'y = Conv(x, W)\nz = Sigmoid(y)', `z = ${NAME}<activation = "Sigmoid">(x, W)`],
  [
    'LeakyRelu with its default',
    'y = Conv(x, W)\nz = LeakyRelu(y)',
    `z = ${NAME}<activation = "LeakyRelu", activation_params = [0.009999999776482582]>(x, W)`,
  ],
  [
    'HardSigmoid',
    'y = Conv(x, W)\nz = HardSigmoid<alpha = 0.25, beta = 0.5>(y)',
    `z = ${NAME}<activation = "HardSigmoid", activation_params = [0.25, 0.5]>(x, W)`,
  ],
  [
    'Clip to six',
    'lo: float = {0}\nhi: float = {6}\ny = Conv(x, W)\nz = Clip(y, lo, hi)',
    `z = ${NAME}<activation = "Clip", activation_params = [0.0, 6.0]>(x, W)`,
  ],
  [
    'Clip without a lower bound',
    'hi: float = {0.5}\ny = Conv(x, W)\nz = Clip(y, "", hi)',
    `z = ${NAME}<activation = "Clip", activation_params = [-3.4028234663852886e+38, 0.5]>(x, W)`,
  ],
  [
    'Clip with attributes',
    '<ir_version: 4, opset_import: ["": 9]>\ny = Conv(x, W)\nz = Clip<min = -0.5, max = 0.5>(y)',
    `z = ${NAME}<activation = "Clip", activation_params = [-0.5, 0.5]>(x, W)`,
  ],
  [
    'the geometry of the convolution, and a batch norm that folds first',
    'y = Conv<pads = [1, 1, 1, 1], strides = [2, 2], group = 2>(x, W)\nn = BatchNormalization(y, g, b, m, v)\nz = Relu(n)',
    `z = ${NAME}<pads = [1, 1, 1, 1], strides = [2, 2], group = 2, activation = "Relu">(x, W_fused, W_bias)`,
  ],
  [
    'a residual as the first operand',
    'x: input float[1, 4, 8, 8]\nr: input float[1, 4, 6, 6]\ny = Conv(x, W, b)\ns = Add(r, y)\nz = LeakyRelu<alpha = 0.5>(s)',
    `z = ${NAME}<activation = "LeakyRelu", activation_params = [0.5]>(x, W, b, r)`,
  ],
  [
    'a residual block',
    'x: input float[1, 4, 8, 8]\nV: float[4, 4, 1, 1]\ny = Conv<pads = [1, 1, 1, 1]>(x, W)\na = Relu(y)\nc = Conv(a, V)\ns = Add(c, x)\nz = Relu(s)',
    `a = ${NAME}<pads = [1, 1, 1, 1], activation = "Relu">(x, W)\nz = ${NAME}<activation = "Relu">(a, V, "", x)`,
  ],
  [
    'others stay: SiLU, and a convolution without an activation',
    'y = Conv(x, W)\ns = Sigmoid(y)\nz = Mul(y, s)',
    'y = Conv(x, W)\ns = Sigmoid(y)\nz = Mul(y, s)',
  ],
];

for (const [name, text, nodes] of FUSED) {
  test(`for onnxruntime: ${name}`, async (t) => {
    const original = await loadModel(
      encodeModel(parseText(`W: float[4, ${/group/.test(text) ? 2 : 4}, 3, 3]\n${text}`)),
    );
    const { model, report } = await fuseModel(original, { target: 'ort' });
    t.is(printNodes(model.graph), nodes);
    t.is(report.verification.status, nodes.includes(NAME) ? 'passed' : 'skipped');
    const bytes = encodeModel(model);
    const again = await fuseModel(await loadModel(bytes), { target: 'ort' });
    t.deepEqual(encodeModel(again.model), bytes, 'a second time changes nothing');
    const feeds = randomInputs(original, 5);
    const [expected, actual] = [
      await judge(`${name}, before`, encodeModel(original), feeds),
      await judge(`${name}, after`, bytes, feeds),
    ];
    // Sums of 37 products of numbers near 1, in two orders.
    t.is(firstDifference(expected!['z']!, actual!['z']!, 1e-5), undefined);
  });
}

test('the portable target stays without them, and the given model without the import', async (t) => {
  const original = await loadModel(encodeModel(parseText('y = Conv(x, W)\nz = Relu(y)')));
  const { model } = await fuseModel(original, { target: 'ort' });
  t.is(model.opsets.get('com.microsoft'), 1);
  t.false(original.opsets.has('com.microsoft'));
  const portable = await fuseModel(original);
  t.is(portable.report.status, 'unchanged');
  const only = await fuseModel(original, { target: 'ort', only: ['eliminate-identity'] });
  t.is(only.report.status, 'unchanged');
  await t.throwsAsync(fuseModel(original, { target: 'tensorrt' as 'ort' }), {
    code: 'ERR_ARGUMENT',
  });
  await t.throwsAsync(fuseModel(original, { target: 'ort', skip: ['nothing'] }), {
    code: 'ERR_ARGUMENT',
  });
});
