import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([1, 2, 1, 2], [-1, 1, -2, 2]);

test('slopes are broadcast; below opset 7 a vector of them is per channel', (t) => {
  const slopes = { x, s: tensorOf([2, 1, 1], [0.5, 0.25]) };
  t.deepEqual(runText('y = PRelu(x, s)', slopes).values, [-0.5, 1, -0.5, 2]);
  const vector = { x, s: tensorOf([2], [0.5, 0.25]) };
  t.deepEqual(runText('y = PRelu(x, s)', vector, { opset: 6 }).values, [-0.5, 1, -0.5, 2]);
  t.deepEqual(runText('y = PRelu(x, s)', vector).values, [-0.5, 1, -1, 2]);
});
