// Conv, ConvTranspose and ConvInteger, by hand; the arithmetic itself is tested in test/backend.

import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([1, 1, 3, 3]);
const ones = 'w: float[1, 1, 2, 2] = fill(1)\n';

test('attributes and bias', (t) => {
  t.deepEqual(runText(`${ones}y = Conv(x, w)`, { x }), {
    type: 'float32',
    dims: [1, 1, 2, 2],
    values: [8, 12, 20, 24],
  });
  const padded = runText(`${ones}y = Conv<pads = [1, 0, 0, 1], strides = [2, 1]>(x, w)`, { x });
  t.deepEqual(padded.dims, [1, 1, 2, 3]);
  t.deepEqual(padded.values, [1, 3, 2, 20, 24, 13]);
  const same = runText(`${ones}y = Conv<auto_pad = "SAME_UPPER">(x, w)`, { x });
  t.deepEqual(same.values, [8, 12, 7, 20, 24, 13, 13, 15, 8]);
  const biased = `${ones}b: float[1] = {100}\ny = Conv<dilations = [2, 2]>(x, w, b)`;
  t.deepEqual(runText(biased, { x }).values, [100 + 0 + 2 + 6 + 8]);
});

test('groups, in one and three dimensions', (t) => {
  const one = { x: tensorOf([1, 2, 3]) };
  const text = 'w: float[2, 1, 2] = {1, 1, 10, 10}\ny = Conv<group = 2>(x, w)';
  t.deepEqual(runText(text, one), { type: 'float32', dims: [1, 2, 2], values: [1, 3, 70, 90] });
  const three = { x: tensorOf([1, 1, 2, 2, 2]) };
  t.deepEqual(runText('w: float[1, 1, 2, 2, 2] = fill(1)\ny = Conv(x, w)', three).values, [28]);
});

test('weights that are computed in the run', (t) => {
  const feeds = { x, w: tensorOf([1, 1, 1, 1], [2]) };
  t.deepEqual(runText('v = Neg(w)\ny = Conv(x, v)', feeds).values.slice(1, 3), [-2, -4]);
});

test('doubles are computed in double', (t) => {
  const tiny = { x: tensorOf([1, 1, 1], [1 + 2 ** -40], 'float64') };
  const text = 'w: double[1, 1, 1] = {3}\ny = Conv(x, w)';
  t.deepEqual(runText(text, tiny), {
    type: 'float64',
    dims: [1, 1, 1],
    values: [3 + 3 * 2 ** -40],
  });
});

test('what does not fit is refused with the name of the node', (t) => {
  t.throws(() => runText('w: float[1, 2, 1, 1]\ny = Conv(x, w)', { x }), {
    code: 'ERR_MODEL',
    message: 'Conv y: weights 1x2x1x1 do not fit an input of rank 4 with 1 channels',
  });
  t.throws(() => runText('w: float[1, 1, 5, 5]\ny = Conv(x, w)', { x }), {
    code: 'ERR_ARGUMENT',
    message: /^Conv y: expected a padded input of at least 5/,
  });
  t.throws(() => runText('w: float[3, 1, 1, 1]\ny = Conv<group = 2>(x, w)', { x }), {
    code: 'ERR_MODEL',
  });
  t.throws(() => runText(`${ones}y = Conv<kernel_shape = [3, 3]>(x, w)`, { x }), {
    code: 'ERR_MODEL',
    message: /kernel_shape 3x3 does not fit/,
  });
});

test('ConvTranspose: output_padding, output_shape and SAME pads', (t) => {
  const small = { x: tensorOf([1, 1, 2], [1, 2]) };
  const w = 'w: float[1, 1, 3] = {1, 10, 100}\n';
  const y = (attributes: string): readonly number[] =>
    runText(`${w}y = ConvTranspose<${attributes}>(x, w)`, small).values;
  t.deepEqual(y('strides = [2]'), [1, 10, 102, 20, 200]);
  t.deepEqual(y('strides = [2], pads = [1, 1]'), [10, 102, 20]);
  t.deepEqual(y('strides = [2], output_padding = [1]'), [1, 10, 102, 20, 200, 0]);
  // 5 elements without pads: 4 wanted, the odd pad at the beginning, at the end for SAME_UPPER.
  t.deepEqual(y('strides = [2], output_shape = [4]'), [10, 102, 20, 200]);
  t.deepEqual(y('strides = [2], output_shape = [4], auto_pad = "SAME_UPPER"'), [1, 10, 102, 20]);
  t.deepEqual(y('strides = [2], auto_pad = "SAME_LOWER"'), [10, 102, 20, 200]);
  t.deepEqual(y('strides = [2], output_shape = [7]'), [1, 10, 102, 20, 200, 0, 0]);
});

test('ConvTranspose: weights are [C, M / groups, ...]', (t) => {
  const feeds = { x: tensorOf([1, 2, 1], [1, 2]) };
  const text = 'w: float[2, 2, 1] = {1, 2, 3, 4}\ny = ConvTranspose<group = 2>(x, w)';
  t.deepEqual(runText(text, feeds).values, [1, 2, 6, 8]);
});

test('ConvInteger subtracts the zero points', (t) => {
  const feeds = {
    x: tensorOf([1, 1, 2, 2], [2, 3, 4, 5], 'uint8'),
    w: tensorOf([1, 1, 1, 1], [3], 'uint8'),
    z: tensorOf([], [1], 'uint8'),
  };
  t.deepEqual(runText('y = ConvInteger(x, w, z)', feeds), {
    type: 'int32',
    dims: [1, 1, 2, 2],
    values: [3, 6, 9, 12],
  });
});
