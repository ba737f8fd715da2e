import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([4], [-2, -1, 1, 2]);

test('bounds from attributes below opset 11, from inputs since', (t) => {
  t.deepEqual(
    runText('y = Clip<min = -1.0, max = 1.5>(x)', { x }, { opset: 6 }).values,
    [-1, -1, 1, 1.5],
  );
  t.deepEqual(runText('y = Clip(x)', { x }, { opset: 6 }).values, [-2, -1, 1, 2]);
  const feeds = { x, low: tensorOf([], [0]), high: tensorOf([], [1]) };
  t.deepEqual(runText('y = Clip(x, low, high)', feeds).values, [0, 0, 1, 1]);
  t.deepEqual(runText('y = Clip(x, "", high)', { x, high: feeds.high }).values, [-2, -1, 1, 1]);
});

test('with low above high everything becomes high', (t) => {
  const feeds = { x, low: tensorOf([], [1]), high: tensorOf([], [-1]) };
  t.deepEqual(runText('y = Clip(x, low, high)', feeds).values, [-1, -1, -1, -1]);
});

test('whole numbers of 8 and of 64 bits', (t) => {
  for (const type of ['int8', 'int64'] as const) {
    const feeds = { x: tensorOf([3], [-5, 0, 5], type), high: tensorOf([], [3], type) };
    t.deepEqual(runText('y = Clip(x, "", high)', feeds), { type, dims: [3], values: [-5, 0, 3] });
  }
});
