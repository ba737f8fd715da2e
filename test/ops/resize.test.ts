import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([1, 1, 1, 2], [0, 8]);
const scales = (...values: number[]) => tensorOf([values.length], values);
const sizes = (...values: number[]) => tensorOf([values.length], values, 'int64');

function row(attributes: string, input: readonly number[], out: number): readonly number[] {
  const feeds = { x: tensorOf([input.length], input), s: sizes(out) };
  return runText(`y = Resize<${attributes}>(x, "", "", s)`, feeds, { opset: 19 }).values;
}

test('nearest, by the four ways to round', (t) => {
  const y = (mode: string): readonly number[] =>
    row(`coordinate_transformation_mode = "asymmetric", nearest_mode = "${mode}"`, [0, 1, 2], 6);
  t.deepEqual(y('floor'), [0, 0, 1, 1, 2, 2]);
  t.deepEqual(y('ceil'), [0, 1, 1, 2, 2, 2]);
  t.deepEqual(y('round_prefer_floor'), [0, 0, 1, 1, 2, 2]);
  t.deepEqual(y('round_prefer_ceil'), [0, 1, 1, 2, 2, 2]);
});

test('linear, by the ways to place the elements', (t) => {
  const y = (mode: string): readonly number[] =>
    row(`mode = "linear", coordinate_transformation_mode = "${mode}"`, [0, 8], 4);
  t.deepEqual(y('half_pixel'), [0, 2, 6, 8]);
  t.deepEqual(y('pytorch_half_pixel'), [0, 2, 6, 8]);
  t.deepEqual(y('half_pixel_symmetric'), [0, 2, 6, 8]);
  t.deepEqual(y('asymmetric'), [0, 4, 8, 8]);
  t.deepEqual(
    y('align_corners').map((v) => Math.round(v * 3)),
    [0, 8, 16, 24],
  );
  t.throws(() => y('tf_crop_and_resize'), { code: 'ERR_MODEL' });
});

test('cubic keeps a line straight in the middle', (t) => {
  const y = row('mode = "cubic", cubic_coeff_a = -0.5', [0, 1, 2, 3, 4, 5], 12);
  t.deepEqual(y.slice(4, 8), [1.75, 2.25, 2.75, 3.25]);
});

test('scales: floor of the product in float32', (t) => {
  const feeds = { x: tensorOf([10]), s: scales(0.7) };
  t.deepEqual(runText('y = Resize(x, "", s)', feeds).dims, [7]);
  const text = 'y = Resize<mode = "nearest">(x, s)';
  t.deepEqual(
    runText(text, { x, s: scales(1, 1, 2, 2) }, { opset: 10 }).values,
    [0, 0, 8, 8, 0, 0, 8, 8],
  );
});

test('opset 10 rounds down where it enlarges, and up where it shrinks', (t) => {
  const y = (input: readonly number[], scale: number): readonly number[] => {
    const feeds = { x: tensorOf([input.length], input), s: scales(scale) };
    return runText('y = Resize<mode = "nearest">(x, s)', feeds, { opset: 10 }).values;
  };
  // The second is onnx/backend/test/data/node/test_resize_downsample_scales_nearest of ONNX 1.5.
  t.deepEqual(y([0, 1, 2], 1.5), [0, 0, 1, 2]);
  t.deepEqual(y([1, 2, 3, 4], 0.6), [1, 3]);
});

test('whole numbers are cut off, once', (t) => {
  const y = (dims: number[], values: number[], type: 'uint8' | 'int8', ...by: number[]) =>
    runText('y = Resize<mode = "linear">(x, "", s)', {
      x: tensorOf(dims, values, type),
      s: scales(...by),
    });
  t.deepEqual(y([2], [0, 3], 'uint8', 2), { type: 'uint8', dims: [4], values: [0, 0, 2, 3] });
  t.deepEqual(y([2], [0, -3], 'int8', 2).values, [0, 0, -2, -3]);
  // Between the rows are 1.75 and 7, and 3.06 between these: 2.5 were they cut off before.
  t.deepEqual(y([2, 2], [0, 7, 7, 7], 'uint8', 2, 2).values.slice(4, 8), [1, 3, 5, 7]);
});

test('axes and aspect ratio of opset 18', (t) => {
  const feeds = { x: tensorOf([1, 2, 4]), s: sizes(8, 8) };
  const text = (policy: string): string =>
    `y = Resize<axes = [1, 2], keep_aspect_ratio_policy = "${policy}">(x, "", "", s)`;
  t.deepEqual(runText(text('stretch'), feeds, { opset: 18 }).dims, [1, 8, 8]);
  t.deepEqual(runText(text('not_larger'), feeds, { opset: 18 }).dims, [1, 4, 8]);
  t.deepEqual(runText(text('not_smaller'), feeds, { opset: 18 }).dims, [1, 8, 16]);
  t.throws(() => runText(text('none'), feeds, { opset: 18 }), { code: 'ERR_MODEL' });
});

test('modes that ONNX does not define', (t) => {
  const feeds = { x, s: scales(1, 1, 1, 2) };
  for (const wrong of [
    'mode = "best"',
    'nearest_mode = "up"',
    'coordinate_transformation_mode = "middle"',
  ]) {
    const text = `y = Resize<${wrong}>(x, "", s)`;
    t.throws(() => runText(text, feeds, { opset: 19 }), { code: 'ERR_MODEL' }, wrong);
  }
});

test('Upsample, with scales as attribute and as input', (t) => {
  const old = 'y = Upsample<scales = [1.0, 1.0, 1.0, 2.0]>(x)';
  t.deepEqual(runText(old, { x }, { opset: 7 }).values, [0, 0, 8, 8]);
  const linear = 'y = Upsample<mode = "linear">(x, s)';
  t.deepEqual(runText(linear, { x, s: scales(1, 1, 1, 2) }, { opset: 9 }).values, [0, 4, 8, 8]);
});
