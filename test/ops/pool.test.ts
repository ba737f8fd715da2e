// MaxPool, AveragePool and the global pools.

import test from 'ava';

import { runAll, runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([1, 1, 4, 4]);

test('MaxPool with pads, strides and dilations', (t) => {
  const y = (attributes: string): readonly number[] =>
    runText(`y = MaxPool<kernel_shape = [2, 2]${attributes}>(x)`, { x }).values;
  t.deepEqual(y(', strides = [2, 2]'), [5, 7, 13, 15]);
  t.deepEqual(y(', strides = [2, 2], pads = [1, 1, 1, 1]'), [0, 2, 3, 8, 10, 11, 12, 14, 15]);
  t.deepEqual(y(', dilations = [3, 3]'), [15]);
  t.deepEqual(y(', strides = [3, 3], ceil_mode = 1'), [5, 7, 13, 15]);
  t.deepEqual(y(', strides = [2, 2], auto_pad = "SAME_LOWER"'), [5, 7, 13, 15]);
});

test('MaxPool indices count rows, or columns, of the whole tensor', (t) => {
  const text = 'y, i = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)';
  const two = { x: tensorOf([1, 2, 2, 2]) };
  t.deepEqual(runAll(text, two)['i'], { type: 'int64', dims: [1, 2, 1, 1], values: [3, 7] });
  const wide = { x: tensorOf([1, 1, 2, 3], [0, 9, 1, 2, 3, 4]) };
  const columns = text.replace('[2, 2]>', '[2, 2], storage_order = 1>');
  t.deepEqual(runAll(text, wide)['i']!.values, [1]);
  t.deepEqual(runAll(columns, wide)['i']!.values, [2]);
});

test('MaxPool in one and three dimensions, of bytes, and of NaN', (t) => {
  const one = { x: tensorOf([1, 1, 4], [3, 1, 4, 1], 'uint8') };
  t.deepEqual(runText('y = MaxPool<kernel_shape = [2]>(x)', one), {
    type: 'uint8',
    dims: [1, 1, 3],
    values: [3, 4, 4],
  });
  const three = { x: tensorOf([1, 1, 2, 2, 2]) };
  t.deepEqual(runText('y = MaxPool<kernel_shape = [2, 2, 2]>(x)', three).values, [7]);
  const nan = { x: tensorOf([1, 1, 4], [NaN, 1, 2, 3]) };
  t.deepEqual(runText('y = MaxPool<kernel_shape = [2]>(x)', nan).values, [NaN, 2, 3]);
});

test('AveragePool divides by the elements inside, or by the pads too', (t) => {
  const y = (attributes: string): readonly number[] =>
    runText(`y = AveragePool<kernel_shape = [2, 2], strides = [2, 2]${attributes}>(x)`, { x })
      .values;
  t.deepEqual(y(''), [2.5, 4.5, 10.5, 12.5]);
  t.deepEqual(y(', pads = [1, 1, 1, 1]').slice(0, 3), [0, 1.5, 3]);
  t.deepEqual(y(', pads = [1, 1, 1, 1], count_include_pad = 1').slice(0, 3), [0, 0.75, 0.75]);
});

test('what a ceil window has beyond the pads never counts', (t) => {
  const five = { x: tensorOf([1, 1, 5], [1, 2, 3, 4, 5]) };
  const y = (attributes: string): readonly number[] =>
    runText(
      `y = AveragePool<kernel_shape = [2], strides = [2], ceil_mode = 1${attributes}>(x)`,
      five,
    ).values;
  t.deepEqual(y(''), [1.5, 3.5, 5]);
  t.deepEqual(y(', count_include_pad = 1'), [1.5, 3.5, 5]);
});

test('global pools', (t) => {
  const two = { x: tensorOf([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, -8]) };
  t.deepEqual(runText('y = GlobalAveragePool(x)', two), {
    type: 'float32',
    dims: [1, 2, 1, 1],
    values: [2.5, 2.5],
  });
  t.deepEqual(runText('y = GlobalMaxPool(x)', two).values, [4, 7]);
  t.deepEqual(runText('y = GlobalLpPool<p = 1>(x)', two).values, [10, 26]);
});
