// LRN, InstanceNormalization, GroupNormalization, LayerNormalization, LpNormalization, Softmax and
// its kin.

import test from 'ava';

import { runAll, runText, tensorOf } from '../helpers/run-text.js';

const near = (expected: readonly number[]): number[] => expected.map(Math.fround);

test('LRN sums squares over neighbouring channels', (t) => {
  const x = tensorOf([1, 3, 1, 1], [1, 2, 3]);
  const text = 'y = LRN<size = 3, alpha = 3.0, beta = 1.0, bias = 1.0>(x)';
  t.deepEqual(runText(text, { x }).values, near([1 / 6, 2 / 15, 3 / 14]));
  // An even window reaches further up than down.
  const even = 'y = LRN<size = 2, alpha = 2.0, beta = 1.0, bias = 1.0>(x)';
  t.deepEqual(runText(even, { x }).values, near([1 / 6, 2 / 14, 3 / 10]));
});

test('instances and groups', (t) => {
  const x = tensorOf([1, 2, 2], [1, 3, 10, 30]);
  const feeds = { x, s: tensorOf([2], [1, 2]), b: tensorOf([2], [0, 5]) };
  const instance = 'y = InstanceNormalization<epsilon = 0.0>(x, s, b)';
  t.deepEqual(runText(instance, feeds).values, [-1, 1, 3, 7]);
  const four = tensorOf([1, 4, 1], [1, 3, 10, 30]);
  const group = 'y = GroupNormalization<epsilon = 0.0, num_groups = 2>(x, s, b)';
  t.deepEqual(runText(group, { ...feeds, x: four }, { opset: 18 }).values, [-1, 1, 3, 7]);
  const each = { x: four, s: tensorOf([4], [1, 2, 1, 1]), b: tensorOf([4], [0, 0, 0, 5]) };
  t.deepEqual(runText(group, each, { opset: 21 }).values, [-1, 2, -1, 6]);
});

test('layers: scale, bias, and the statistics as further outputs', (t) => {
  const x = tensorOf([2, 2], [1, 3, 10, 30]);
  const feeds = { x, s: tensorOf([2], [1, 2]), b: tensorOf([2], [0, 5]) };
  const text = 'y, mean, inverse = LayerNormalization<epsilon = 0.0>(x, s, b)';
  const outputs = runAll(text, feeds);
  t.deepEqual(outputs['y']!.values, [-1, 7, -1, 7]);
  t.deepEqual(outputs['mean'], { type: 'float32', dims: [2, 1], values: [2, 20] });
  t.deepEqual(outputs['inverse']!.values, near([1, 0.1]));
  const all = { x, s: tensorOf([2, 2], [1, 1, 1, 1]) };
  const wide = runText('y = LayerNormalization<axis = 0>(x, s)', all).values;
  t.true(Math.abs(wide.reduce((sum, value) => sum + value, 0)) < 1e-6);
});

test('norms of 1 and 2; a norm of 0 gives 0', (t) => {
  const x = tensorOf([2, 2], [3, 4, 0, 0]);
  t.deepEqual(runText('y = LpNormalization(x)', { x }).values, near([0.6, 0.8, 0, 0]));
  t.deepEqual(runText('y = LpNormalization<p = 1, axis = 0>(x)', { x }).values, [1, 1, 0, 0]);
});

test('Softmax takes one axis from opset 13 on, a flattened matrix before', (t) => {
  const x = tensorOf([1, 2, 2], [0, Math.log(3), 0, 0]);
  const y = (text: string, opset: number): readonly number[] =>
    runText(text, { x }, { opset }).values.map((value) => Math.round(value * 1e6) / 1e6);
  t.deepEqual(y('y = Softmax(x)', 13), [0.25, 0.75, 0.5, 0.5]);
  t.deepEqual(y('y = Softmax<axis = 1>(x)', 13), [0.5, 0.75, 0.5, 0.25]);
  t.deepEqual(y('y = Softmax(x)', 11), [0.166667, 0.5, 0.166667, 0.166667]);
  t.deepEqual(y('y = Softmax<axis = 2>(x)', 11), [0.25, 0.75, 0.5, 0.5]);
  const logs = y('y = LogSoftmax(x)', 13).map((value) => Math.round(Math.exp(value) * 1e4) / 1e4);
  t.deepEqual(logs, [0.25, 0.75, 0.5, 0.5]);
  t.deepEqual(y('y = Hardmax(x)', 13), [0, 1, 1, 0]);
});

test('Softmax neither overflows nor loses the sum', (t) => {
  const x = tensorOf([2], [1000, 1000]);
  t.deepEqual(runText('y = Softmax(x)', { x }).values, [0.5, 0.5]);
});
