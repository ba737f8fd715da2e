import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

test('chooses element by element, all operands broadcast', (t) => {
  const c = tensorOf([2, 1], [1, 0], 'bool');
  const feeds = { c, a: tensorOf([3], [1, 2, 3]), b: tensorOf([], [9]) };
  t.deepEqual(runText('y = Where(c, a, b)', feeds), {
    type: 'float32',
    dims: [2, 3],
    values: [1, 2, 3, 9, 9, 9],
  });
  const wide = { c, a: tensorOf([1], [1], 'int64'), b: tensorOf([1], [2], 'int64') };
  t.deepEqual(runText('y = Where(c, a, b)', wide).values, [1, 2]);
});
