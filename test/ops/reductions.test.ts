// Reduce operators, ArgMax, ArgMin, TopK and NonMaxSuppression.

import test from 'ava';

import { runAll, runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([2, 3], [1, -2, 3, 4, 5, -6]);

test('each reduction along the last axis', (t) => {
  const y = (op: string): readonly number[] =>
    runText(`y = ${op}<axes = [1], keepdims = 0>(x)`, { x }, { opset: 11 }).values;
  t.deepEqual(y('ReduceSum'), [2, 3]);
  t.deepEqual(y('ReduceMean'), [2 / 3, 1].map(Math.fround));
  t.deepEqual(y('ReduceMax'), [3, 5]);
  t.deepEqual(y('ReduceMin'), [-2, -6]);
  t.deepEqual(y('ReduceProd'), [-6, -120]);
  t.deepEqual(y('ReduceL1'), [6, 15]);
  t.deepEqual(y('ReduceL2'), [Math.sqrt(14), Math.sqrt(77)].map(Math.fround));
  t.deepEqual(y('ReduceSumSquare'), [14, 77]);
  t.deepEqual(y('ReduceLogSum'), [Math.log(2), Math.log(3)].map(Math.fround));
  const sums = [Math.E + Math.exp(-2) + Math.exp(3), Math.exp(4) + Math.exp(5) + Math.exp(-6)];
  t.deepEqual(
    y('ReduceLogSumExp'),
    sums.map((sum) => Math.fround(Math.log(sum))),
  );
});

test('axes: all by default, as an input since 13 or 18, none on request', (t) => {
  t.deepEqual(runText('y = ReduceSum(x)', { x }), { type: 'float32', dims: [1, 1], values: [5] });
  const axes = { x, a: tensorOf([1], [0], 'int64') };
  t.deepEqual(runText('y = ReduceSum(x, a)', axes), {
    type: 'float32',
    dims: [1, 3],
    values: [5, 3, -3],
  });
  t.deepEqual(runText('y = ReduceSum<noop_with_empty_axes = 1>(x)', { x }).dims, [2, 3]);
  t.deepEqual(runText('y = ReduceMax<axes = [-2]>(x)', { x }).values, [4, 5, 3]);
  const whole = { x: tensorOf([2], [3, 4], 'int64') };
  t.deepEqual(runText('y = ReduceSum<keepdims = 0>(x)', whole), {
    type: 'int64',
    dims: [],
    values: [7],
  });
});

test('ArgMax and ArgMin', (t) => {
  t.deepEqual(runText('y = ArgMax<axis = 1>(x)', { x }), {
    type: 'int64',
    dims: [2, 1],
    values: [2, 1],
  });
  t.deepEqual(runText('y = ArgMin<axis = -1, keepdims = 0>(x)', { x }).values, [1, 2]);
  const equal = { x: tensorOf([3], [2, 1, 2]) };
  t.deepEqual(runText('y = ArgMax(x)', equal).values, [0]);
  t.deepEqual(runText('y = ArgMax<select_last_index = 1>(x)', equal).values, [2]);
});

test('TopK: largest or smallest, the earlier of equal ones first', (t) => {
  const feeds = { x: tensorOf([1, 4], [1, 3, 3, 2]), k: tensorOf([1], [3], 'int64') };
  t.deepEqual(runAll('v, i = TopK(x, k)', feeds), {
    v: { type: 'float32', dims: [1, 3], values: [3, 3, 2] },
    i: { type: 'int64', dims: [1, 3], values: [1, 2, 3] },
  });
  t.deepEqual(runAll('v, i = TopK<largest = 0>(x, k)', feeds)['i']!.values, [0, 3, 1]);
  const old = runAll('v, i = TopK<k = 1, axis = 1>(x)', { x: feeds.x }, { opset: 9 });
  t.deepEqual(old['v']!.values, [3]);
  const many = { ...feeds, k: tensorOf([1], [5], 'int64') };
  t.throws(() => runAll('v, i = TopK(x, k)', many), { code: 'ERR_ARGUMENT' });
});

test('NonMaxSuppression', (t) => {
  const feeds = {
    b: tensorOf([1, 3, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 5, 1, 6]),
    s: tensorOf([1, 1, 3], [0.8, 0.9, 0.3]),
    n: tensorOf([1], [3], 'int64'),
    o: tensorOf([1], [0.5]),
    l: tensorOf([1], [0.1]),
  };
  t.deepEqual(runText('y = NonMaxSuppression(b, s, n, o, l)', feeds), {
    type: 'int64',
    dims: [2, 3],
    values: [0, 0, 1, 0, 0, 2],
  });
  const strict = { ...feeds, l: tensorOf([1], [0.5]) };
  t.deepEqual(runText('y = NonMaxSuppression(b, s, n, o, l)', strict).values, [0, 0, 1]);
  const centre = {
    ...feeds,
    b: tensorOf([1, 3, 4], [0.5, 0.5, 1, 1, 0.6, 0.5, 1, 1, 5.5, 0.5, 1, 1]),
  };
  const text = 'y = NonMaxSuppression<center_point_box = 1>(b, s, n, o, l)';
  t.deepEqual(runText(text, centre).values, [0, 0, 1, 0, 0, 2]);
});
