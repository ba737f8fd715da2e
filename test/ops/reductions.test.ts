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

test('over no axis, each element is reduced by itself', (t) => {
  const y = (op: string): readonly number[] => {
    const text = `y = ${op}<noop_with_empty_axes = 1, keepdims = 0>(x)`;
    const { dims, values } = runText(text, { x: tensorOf([3], [-2, 1, 3]) }, { opset: 18 });
    t.deepEqual(dims, [3]);
    return values;
  };
  for (const op of ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceProd', 'ReduceLogSumExp']) {
    t.deepEqual(y(op), [-2, 1, 3], op);
  }
  t.deepEqual(y('ReduceL1'), [2, 1, 3]);
  t.deepEqual(y('ReduceL2'), [2, 1, 3]);
  t.deepEqual(y('ReduceSumSquare'), [4, 1, 9]);
  t.deepEqual(y('ReduceLogSum'), [NaN, 0, Math.fround(Math.log(3))]);
});

test('ReduceLogSumExp of what has no power, or only 0', (t) => {
  const y = (...values: number[]): readonly number[] =>
    runText('y = ReduceLogSumExp(x)', { x: tensorOf([values.length], values) }).values;
  t.deepEqual(y(1000, 1000), [Math.fround(1000 + Math.LN2)]);
  t.deepEqual(y(-1000, -2000), [-1000]);
  t.deepEqual(y(-Infinity, -Infinity), [-Infinity]);
  t.deepEqual(y(Infinity, 3, -Infinity), [Infinity]);
  t.deepEqual(y(NaN, 3), [NaN]);
});

test('any axes, of any kind of element: what a walk in order gives', (t) => {
  const dims = [2, 3, 4, 5];
  const values = Array.from({ length: 120 }, (_, i) => ((i * 37) % 23) - 11);
  const reduce: Record<string, (elements: number[]) => number> = {
    ReduceSum: (v) => v.reduce((a, b) => a + b),
    ReduceMean: (v) => v.reduce((a, b) => a + b) / v.length,
    ReduceMax: (v) => Math.max(...v),
    ReduceMin: (v) => Math.min(...v),
    ReduceL1: (v) => v.reduce((a, b) => a + Math.abs(b), 0),
    ReduceL2: (v) => Math.sqrt(v.reduce((a, b) => a + b * b, 0)),
    ReduceSumSquare: (v) => v.reduce((a, b) => a + b * b, 0),
  };
  for (const axes of [[0], [1], [2], [3], [0, 1], [0, 2], [1, 3], [1, 2], [2, 3], [0, 1, 2]]) {
    const groups = new Map<string, number[]>();
    values.forEach((value, i) => {
      const index = [60, 20, 5, 1].map((stride, axis) => Math.floor(i / stride) % dims[axis]!);
      const key = index.filter((_, axis) => !axes.includes(axis)).join();
      groups.set(key, [...(groups.get(key) ?? []), value]);
    });
    for (const [operator, of] of Object.entries(reduce)) {
      const text = `y = ${operator}<axes = [${axes.join()}], keepdims = 0>(x)`;
      const wanted = [...groups.values()].map(of);
      for (const type of ['float32', 'int32', 'int64'] as const) {
        const feeds = { x: tensorOf(dims, values, type) };
        const { values: got } = runText(text, feeds, { opset: 11 });
        const rounded = wanted.map(type === 'float32' ? Math.fround : Math.trunc);
        t.deepEqual(
          got.map((v) => v + 0),
          rounded.map((v) => v + 0),
          `${text} ${type}`,
        );
      }
    }
  }
  const odd = { x: tensorOf([3, 2], [1, NaN, 2, 5, NaN, 7]) };
  for (const operator of ['ReduceMax', 'ReduceMin', 'ReduceSum']) {
    t.deepEqual(runText(`y = ${operator}<axes = [0]>(x)`, odd, { opset: 11 }).values, [NaN, NaN]);
  }
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
