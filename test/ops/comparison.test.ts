import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

test('comparisons give booleans', (t) => {
  const feeds = { a: tensorOf([3], [1, 2, 3]), b: tensorOf([1], [2]) };
  const y = (op: string): readonly number[] => runText(`y = ${op}(a, b)`, feeds).values;
  t.deepEqual(runText('y = Less(a, b)', feeds), { type: 'bool', dims: [3], values: [1, 0, 0] });
  t.deepEqual(y('Equal'), [0, 1, 0]);
  t.deepEqual(y('Greater'), [0, 0, 1]);
  t.deepEqual(y('LessOrEqual'), [1, 1, 0]);
  t.deepEqual(y('GreaterOrEqual'), [0, 1, 1]);
  const wide = { a: tensorOf([2], [1, 2], 'int64'), b: tensorOf([2], [1, 3], 'int64') };
  t.deepEqual(runText('y = Equal(a, b)', wide).values, [1, 0]);
});

test('logic', (t) => {
  const feeds = { a: tensorOf([4], [0, 0, 1, 1], 'bool'), b: tensorOf([4], [0, 1, 0, 1], 'bool') };
  t.deepEqual(runText('y = And(a, b)', feeds).values, [0, 0, 0, 1]);
  t.deepEqual(runText('y = Or(a, b)', feeds).values, [0, 1, 1, 1]);
  t.deepEqual(runText('y = Xor(a, b)', feeds).values, [0, 1, 1, 0]);
  t.deepEqual(runText('y = Not(a)', { a: feeds.a }).values, [1, 1, 0, 0]);
});
