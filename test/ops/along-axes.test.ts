// Operators that go along an axis or a diagonal: CumSum, ReverseSequence, CenterCropPad, Trilu,
// EyeLike, Det, and IsNaN and IsInf.

import test from 'ava';

import type { DataType } from '#convfuse/tensor/dtype.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { runText, tensorOf } from '../helpers/run-text.js';

const int64 = (dims: number[], ...values: number[]): Tensor => tensorOf(dims, values, 'int64');

test('CumSum', (t) => {
  const sums = (attributes: string, axis: number, type: DataType = 'float32') =>
    runText(`y = CumSum${attributes}(x, a)`, {
      x: tensorOf([2, 3], [1, 2, 3, 4, 5, 6], type),
      a: tensorOf([], [axis], 'int32'),
    }).values;
  t.deepEqual(sums('', 0), [1, 2, 3, 5, 7, 9]);
  for (const type of ['float32', 'float64', 'int32', 'int64', 'uint64'] as const) {
    t.deepEqual(sums('', -1, type), [1, 3, 6, 4, 9, 15]);
    t.deepEqual(sums('<exclusive = 1>', 1, type), [0, 1, 3, 0, 4, 9]);
    t.deepEqual(sums('<reverse = 1>', 1, type), [6, 5, 3, 15, 11, 6]);
    t.deepEqual(sums('<exclusive = 1, reverse = 1>', 1, type), [5, 3, 0, 11, 6, 0]);
  }
  const of = (x: Tensor, a: Tensor) => runText('y = CumSum(x, a)', { x, a }).values;
  t.deepEqual(of(tensorOf([2], [2 ** 31 - 1, 1], 'int32'), int64([1], 0)), [
    2 ** 31 - 1,
    -(2 ** 31),
  ]);
  t.deepEqual(of(tensorOf([3], [2 ** 24, 1, 1]), int64([], 0)), [2 ** 24, 2 ** 24, 2 ** 24 + 2]);
  t.deepEqual(of(tensorOf([0, 2]), int64([], 0)), []);
  t.throws(() => of(tensorOf([2]), int64([], 1)), { code: 'ERR_MODEL' });
  t.throws(() => of(tensorOf([]), int64([], 0)), { code: 'ERR_MODEL' });
  t.throws(() => of(tensorOf([2]), int64([2], 0, 0)), { code: 'ERR_MODEL' });
  t.throws(() => of(tensorOf([2], [1, 1], 'bool'), int64([], 0)), { code: 'ERR_UNSUPPORTED' });
});

test('ReverseSequence', (t) => {
  const reverse = (x: Tensor, attributes: string, ...lengths: number[]) =>
    runText(`y = ReverseSequence${attributes}(x, l)`, { x, l: int64([lengths.length], ...lengths) })
      .values;
  const x = tensorOf([3, 2]);
  t.deepEqual(reverse(x, '', 3, 2), [4, 3, 2, 1, 0, 5]);
  const batchFirst = '<batch_axis = 0, time_axis = 1>';
  t.deepEqual(reverse(x, batchFirst, 0, 1, 2), [0, 1, 2, 3, 5, 4]);
  t.deepEqual(reverse(tensorOf([2, 1, 2]), '', 2), [2, 3, 0, 1]);
  t.throws(() => reverse(x, '', 3), { code: 'ERR_MODEL' });
  t.throws(() => reverse(x, '', 3, 4), { code: 'ERR_ARGUMENT' });
  t.throws(() => reverse(x, '<batch_axis = 0>', 3, 3), { code: 'ERR_MODEL' });
  t.throws(() => reverse(tensorOf([3]), '', 3), { code: 'ERR_MODEL' });
});

test('CenterCropPad', (t) => {
  const fit = (x: Tensor, attributes: string, ...sizes: number[]) =>
    runText(
      `y = CenterCropPad${attributes}(x, s)`,
      { x, s: int64([sizes.length], ...sizes) },
      { opset: 18 },
    ).values;
  const row = tensorOf([1, 3], [1, 2, 3]);
  t.deepEqual(fit(row, '', 1, 2), [1, 2]);
  t.deepEqual(fit(row, '', 1, 1), [2]);
  t.deepEqual(fit(row, '<axes = [-1]>', 6), [0, 1, 2, 3, 0, 0]);
  t.deepEqual(fit(row, '', 2, 2), [1, 2, 0, 0]);
  t.deepEqual(fit(tensorOf([2], [1, 2], 'int64'), '', 4), [0, 1, 2, 0]);
  t.deepEqual(fit(row, '', 0, 2), []);
  t.deepEqual(fit(tensorOf([0]), '', 2), [0, 0]);
  t.throws(() => fit(row, '', 2), { code: 'ERR_MODEL' });
  t.throws(() => fit(row, '<axes = [2]>', 2), { code: 'ERR_MODEL' });
  t.throws(() => fit(row, '', 1, -1), { code: 'ERR_ARGUMENT' });
});

test('Trilu', (t) => {
  const part = (attributes: string, ...k: number[]) => {
    const feeds = { x: tensorOf([2, 3], [1, 2, 3, 4, 5, 6]) };
    const given = k.length === 0 ? feeds : { ...feeds, k: int64([], ...k) };
    return runText(`y = Trilu${attributes}(${Object.keys(given).join(', ')})`, given).values;
  };
  t.deepEqual(part(''), [1, 2, 3, 0, 5, 6]);
  t.deepEqual(part('', 1), [0, 2, 3, 0, 0, 6]);
  t.deepEqual(part('', -1), [1, 2, 3, 4, 5, 6]);
  t.deepEqual(part('<upper = 0>'), [1, 0, 0, 4, 5, 0]);
  t.deepEqual(part('<upper = 0>', 1), [1, 2, 0, 4, 5, 6]);
  t.deepEqual(part('<upper = 0>', -5), [0, 0, 0, 0, 0, 0]);
  const stack = tensorOf([2, 2, 2], [1, 1, 1, 1, 1, 1, 1, 1], 'int64');
  t.deepEqual(runText('y = Trilu(x)', { x: stack }).values, [1, 1, 0, 1, 1, 1, 0, 1]);
  t.deepEqual(runText('y = Trilu(x)', { x: tensorOf([2, 3, 0]) }).dims, [2, 3, 0]);
  t.throws(() => runText('y = Trilu(x)', { x: tensorOf([3]) }), { code: 'ERR_MODEL' });
});

test('EyeLike', (t) => {
  const x = tensorOf([2, 3], undefined, 'int32');
  t.deepEqual(runText('y = EyeLike(x)', { x }), {
    type: 'int32',
    dims: [2, 3],
    values: [1, 0, 0, 0, 1, 0],
  });
  t.deepEqual(runText('y = EyeLike<k = 1, dtype = 7>(x)', { x }), {
    type: 'int64',
    dims: [2, 3],
    values: [0, 1, 0, 0, 0, 1],
  });
  t.deepEqual(runText('y = EyeLike<k = -1, dtype = 9>(x)', { x }).values, [0, 0, 0, 1, 0, 0]);
  t.deepEqual(runText('y = EyeLike(x)', { x: tensorOf([0, 3]) }).dims, [0, 3]);
  t.throws(() => runText('y = EyeLike(x)', { x: tensorOf([3]) }), { code: 'ERR_MODEL' });
  t.throws(() => runText('y = EyeLike<dtype = 14>(x)', { x }), { code: 'ERR_UNSUPPORTED' });
});

test('IsNaN and IsInf', (t) => {
  const test = (op: string, type: DataType = 'float32') =>
    runText(`y = ${op}(x)`, { x: tensorOf([4], [1, NaN, Infinity, -Infinity], type) });
  t.deepEqual(test('IsNaN'), { type: 'bool', dims: [4], values: [0, 1, 0, 0] });
  t.deepEqual(test('IsInf', 'float64').values, [0, 0, 1, 1]);
  t.deepEqual(test('IsInf<detect_negative = 0>').values, [0, 0, 1, 0]);
  t.deepEqual(test('IsInf<detect_positive = 0>').values, [0, 0, 0, 1]);
  t.throws(() => test('IsNaN', 'int32'), { code: 'ERR_UNSUPPORTED' });
});

test('Det', (t) => {
  const det = (dims: number[], ...values: number[]) =>
    runText('y = Det(x)', { x: tensorOf(dims, values) });
  t.deepEqual(det([2, 2], 1, 2, 3, 4), { type: 'float32', dims: [], values: [-2] });
  t.deepEqual(det([2, 2, 2], 0, 1, 1, 0, 1, 2, 2, 4).values, [-1, 0]);
  t.deepEqual(det([3, 3], 0, 2, 0, 0, 0, 3, 4, 0, 0).values, [24]);
  t.deepEqual(det([2, 0, 0]).values, [1, 1]);
  t.throws(() => det([2, 3], 1, 2, 3, 4, 5, 6), { code: 'ERR_MODEL' });
  t.throws(() => det([2], 1, 2), { code: 'ERR_MODEL' });
});
