import test from 'ava';

import { encodeModel } from '#convfuse/api/encode.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import { readModel } from '#convfuse/onnx/read.js';
import { activationOf } from '#convfuse/ops/activation-of.js';
import { Session } from '#convfuse/runtime/session.js';

import { runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([5], [-2, -0.5, 0, 0.5, 2]);
const y = (text: string, opset?: number): readonly number[] =>
  runText(text, { x }, { arithmetic: 'float64', ...(opset === undefined ? {} : { opset }) }).values;

/** The results are rounded to float32 once. */
const near = (expected: readonly number[]): number[] => expected.map(Math.fround);

test('rectifiers, with their defaults', (t) => {
  t.deepEqual(y('y = LeakyRelu<alpha = 0.25>(x)'), [-0.5, -0.125, 0, 0.5, 2]);
  t.deepEqual(y('y = LeakyRelu(x)'), near([-0.02, -0.005, 0, 0.5, 2]));
  t.deepEqual(y('y = ThresholdedRelu(x)'), [0, 0, 0, 0, 2]);
  t.deepEqual(y('y = ThresholdedRelu<alpha = 0.25>(x)'), [0, 0, 0, 0.5, 2]);
  t.deepEqual(y('y = Shrink<lambd = 0.5, bias = 1.0>(x)'), [-1, 0, 0, 0, 1]);
  t.deepEqual(y('y = Affine<alpha = 2.0, beta = 1.0>(x)', 7), [-3, 0, 1, 2, 5]);
});

test('exponential units', (t) => {
  const e2 = Math.expm1(-2);
  const e5 = Math.expm1(-0.5);
  t.deepEqual(y('y = Elu(x)'), near([e2, e5, 0, 0.5, 2]));
  t.deepEqual(y('y = Elu<alpha = 2.0>(x)'), near([2 * e2, 2 * e5, 0, 0.5, 2]));
  t.deepEqual(
    y('y = Celu<alpha = 2.0>(x)'),
    near([2 * Math.expm1(-1), 2 * Math.expm1(-0.25), 0, 0.5, 2]),
  );
  const alpha = 1.67326319217681884765625;
  const gamma = 1.05070102214813232421875;
  const selu = [gamma * alpha * e2, gamma * alpha * e5, 0, gamma * 0.5, gamma * 2];
  t.deepEqual(y('y = Selu(x)'), near(selu));
  t.deepEqual(y('y = Selu<alpha = 1.0, gamma = 2.0>(x)'), near([2 * e2, 2 * e5, 0, 1, 4]));
});

test('sigmoid-like functions', (t) => {
  const slope = Math.fround(0.2);
  t.deepEqual(y('y = HardSigmoid(x)'), near([-2, -0.5, 0, 0.5, 2].map((v) => slope * v + 0.5)));
  t.deepEqual(y('y = HardSigmoid<alpha = 1.0, beta = 0.5>(x)'), [0, 0, 0.5, 1, 1]);
  const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
  const swish = [-2, -0.5, 0, 0.5, 2].map((v) => v * sigmoid(2 * v));
  t.deepEqual(y('y = Swish<alpha = 2.0>(x)', 24), near(swish));
});

test('both forms of Gelu', (t) => {
  // Phi(2) and Phi(0.5) from tables of the normal distribution.
  const exact = y('y = Gelu(x)', 20);
  const wanted = [-2 * 0.022750131948179195, -0.5 * 0.3085375387259869, 0];
  wanted.push(0.5 * 0.6914624612740131, 2 * 0.9772498680518208);
  t.deepEqual(exact, near(wanted));
  const approximate = y('y = Gelu<approximate = "tanh">(x)', 20);
  approximate.forEach((value, i) => t.true(Math.abs(value - exact[i]!) < 4e-4));
  t.notDeepEqual(approximate, exact);
});

const SPELLED = [
  ['LeakyRelu', 'alpha = 0.01'],
  ['Elu', 'alpha = 1.0'],
  ['Celu', 'alpha = 1.0'],
  ['Selu', 'alpha = 1.67326319217681884765625, gamma = 1.05070102214813232421875'],
  ['Selu', 'alpha = 1.6732, gamma = 1.0507', 5],
  ['HardSigmoid', 'alpha = 0.2, beta = 0.5'],
  ['ThresholdedRelu', 'alpha = 1.0'],
  ['Shrink', 'lambd = 0.5, bias = 0.0'],
  ['Swish', 'alpha = 1.0', 24],
  ['Gelu', 'approximate = "none"'],
  ['Affine', 'alpha = 1.0, beta = 0.0', 7],
] as const;

test('a default is what a file holds that spells it out: attributes are float32', (t) => {
  const data = Float64Array.of(-3.1, -0.7, 0.3, 1.9);
  const run = (text: string, opset: number): unknown => {
    const bytes = encodeModel(parseText(`x: input double[4]\n${text}`, { opset }));
    const model = readModel({ bytes, path: 'spelled.onnx', external: undefined });
    const backend = new ReferenceBackend('tests');
    const session = Session.create(model, { backend, arithmetic: 'float64' });
    const { y: result } = session.runSync({ x: { type: 'float64', dims: [4], data } });
    session.dispose();
    const [node] = model.graph.nodes();
    return [result!.data, activationOf(node!)];
  };
  for (const [operator, attributes, opset = 20] of SPELLED) {
    const spelled = run(`y = ${operator}<${attributes}>(x)`, opset);
    t.deepEqual(run(`y = ${operator}(x)`, opset), spelled, operator);
  }
});
