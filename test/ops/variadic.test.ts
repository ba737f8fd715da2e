import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const feeds = { a: tensorOf([2], [1, 5]), b: tensorOf([2], [4, 2]), c: tensorOf([1], [3]) };

test('any number of operands, broadcast', (t) => {
  t.deepEqual(runText('y = Sum(a, b, c)', feeds).values, [8, 10]);
  t.deepEqual(runText('y = Max(a, b, c)', feeds).values, [4, 5]);
  t.deepEqual(runText('y = Min(a, b, c)', feeds).values, [1, 2]);
  t.deepEqual(runText('y = Mean(a, b)', { a: feeds.a, b: feeds.b }).values, [2.5, 3.5]);
  t.deepEqual(runText('y = Max(a)', { a: feeds.a }).values, [1, 5]);
});

test('NaN wins over numbers, on either side', (t) => {
  const nan = { a: tensorOf([2], [NaN, 1]), b: tensorOf([2], [1, NaN]) };
  t.deepEqual(runText('y = Max(a, b)', nan).values, [NaN, NaN]);
  t.deepEqual(runText('y = Min(a, b)', nan).values, [NaN, NaN]);
});
