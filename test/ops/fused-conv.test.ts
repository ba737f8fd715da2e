import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([1, 1, 1, 3], [-4, 1, 8]);
const HEAD = '<opset_import: ["": 17, "com.microsoft": 1]>\nw: float[1, 1, 1, 1] = {1}\n';

function run(attributes: string, inputs = 'x, w', feeds = {}): readonly number[] {
  const text = `${HEAD}y = com.microsoft.FusedConv${attributes}(${inputs})`;
  return runText(text, { x, ...feeds }).values;
}

test('each activation, with its parameters', (t) => {
  t.deepEqual(run(''), [-4, 1, 8]);
  t.deepEqual(run('<activation = "Relu">'), [0, 1, 8]);
  t.deepEqual(run('<activation = "LeakyRelu", activation_params = [0.5]>'), [-2, 1, 8]);
  t.deepEqual(run('<activation = "Clip", activation_params = [-1.0, 6.0]>'), [-1, 1, 6]);
  t.deepEqual(run('<activation = "HardSigmoid", activation_params = [0.25, 0.5]>'), [0, 0.75, 1]);
  t.deepEqual(run('<activation = "Tanh">'), [-4, 1, 8].map(Math.tanh).map(Math.fround));
  t.is(run('<activation = "Sigmoid">')[1], Math.fround(1 / (1 + Math.exp(-1))));
});

test('Z is added before the activation, with and without a bias', (t) => {
  const z = tensorOf([1, 1, 1, 3], [3, -3, 1]);
  t.deepEqual(run('<activation = "Relu">', 'x, w, "", z', { z }), [0, 0, 9]);
  const b = tensorOf([1], [2]);
  t.deepEqual(run('<activation = "Relu">', 'x, w, b, z', { z, b }), [1, 0, 11]);
});

test('what it cannot be is said', (t) => {
  t.throws(() => run('<activation = "Elu">'), { code: 'ERR_UNSUPPORTED' });
  t.throws(() => run('<activation = "Clip", activation_params = [1.0]>'), { code: 'ERR_MODEL' });
  const z = tensorOf([1, 1, 1, 1], [3]);
  t.throws(() => run('<activation = "Relu">', 'x, w, "", z', { z }), { code: 'ERR_MODEL' });
});
