// Operators that sample images at computed places: GridSample, AffineGrid, RoiAlign, MaxRoiPool,
// MaxUnpool, Col2Im, DeformConv.

import test from 'ava';

import type { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { float } from '../helpers/model-builder.js';
import { dims, pick } from '../helpers/onnxruntime.js';
import { checkCases, normals, wholes } from '../helpers/onnxruntime-cases.js';
import { runText, tensorOf } from '../helpers/run-text.js';

checkCases('GridSample', 120, (r) => {
  const opset = pick(r, [16, 20, 22]);
  const rank = opset > 16 ? r.integer(2, 3) : 2;
  const modes = opset > 16 ? ['nearest', 'linear', 'cubic'] : ['nearest', 'bilinear', 'bicubic'];
  const [batch, channels] = dims(r, 2, 1, 3);
  const out = dims(r, rank, 1, 4);
  const grid = normals(r, batch!, ...out, rank);
  const steps = r.integer(0, 1) === 1;
  return {
    op: 'GridSample',
    opset,
    attributes: {
      mode: pick(r, rank === 3 ? modes.slice(0, 2) : modes),
      padding_mode: pick(r, ['zeros', 'border', 'reflection']),
      align_corners: r.integer(0, 1),
    },
    inputs: [
      normals(r, batch!, channels!, ...dims(r, rank, 1, 5)),
      // Quarters fall on elements and between them.
      steps
        ? { ...grid, data: (grid.data as Float32Array).map((v) => Math.round(v * 4) / 4) }
        : grid,
    ],
  };
});

checkCases('AffineGrid', 30, (r) => {
  const rank = r.integer(2, 3);
  const batch = r.integer(1, 2);
  const size = [batch, 2, ...dims(r, rank, 1, 4)];
  return {
    op: 'AffineGrid',
    opset: 20,
    attributes: { align_corners: r.integer(0, 1) },
    inputs: [normals(r, batch, rank, rank + 1), tensorOf([rank + 2], size, 'int64')],
    constant: pick(r, [1, 2]),
  };
});

/** Regions whose corners are in order, some beyond the image. */
function regions(r: Random, count: number, image?: number): Tensor {
  const rows = Array.from({ length: count }, () => {
    const [x, y] = [r.uniform() * 8 - 2, r.uniform() * 8 - 2];
    const box = [x, y, x + r.uniform() * 9, y + r.uniform() * 9];
    return image === undefined ? box : [r.integer(0, image - 1), ...box];
  });
  return tensorOf([count, image === undefined ? 4 : 5], rows.flat().map(Math.fround));
}

checkCases('RoiAlign', 100, (r) => {
  const opset = pick(r, [10, 16]);
  const count = r.integer(1, 3);
  const mode = pick(r, ['half_pixel', 'output_half_pixel']);
  return {
    op: 'RoiAlign',
    opset,
    attributes: {
      mode: pick(r, ['avg', 'max']),
      output_height: r.integer(1, 3),
      output_width: r.integer(1, 3),
      sampling_ratio: r.integer(0, 3),
      spatial_scale: float(pick(r, [1, 0.5, 0.3])),
      ...(opset >= 16 ? { coordinate_transformation_mode: mode } : {}),
    },
    inputs: [
      normals(r, 2, r.integer(1, 3), ...dims(r, 2, 2, 7)),
      regions(r, count),
      wholes(r, 'int64', [count], 0, 1),
    ],
  };
});

checkCases('MaxRoiPool', 60, (r) => ({
  op: 'MaxRoiPool',
  opset: 1,
  attributes: { pooled_shape: dims(r, 2, 1, 4), spatial_scale: float(pick(r, [1, 0.5, 0.3])) },
  inputs: [normals(r, 2, r.integer(1, 3), ...dims(r, 2, 2, 7)), regions(r, r.integer(1, 3), 2)],
}));

checkCases('MaxUnpool', 40, (r) => {
  const rank = r.integer(1, 3);
  const kernel = dims(r, rank, 2, 3);
  const x = [1, 2, ...dims(r, rank, 1, 3)];
  const count = x.reduce((product, size) => product * size, 1);
  const out = [1, 2, ...x.slice(2).map((size, axis) => size * kernel[axis]!)];
  const extra = r.integer(0, 1);
  const total = out.reduce((product, size) => product * size, 1);
  const places = [...Array(total).keys()].sort(() => r.uniform() - 0.5).slice(0, count);
  return {
    op: 'MaxUnpool',
    opset: pick(r, [9, 11, 22]),
    attributes: { kernel_shape: kernel, strides: kernel },
    inputs: [
      normals(r, ...x),
      tensorOf(x, places, 'int64'),
      extra
        ? tensorOf(
            [rank + 2],
            out.map((size, axis) => size + (axis < 2 ? 0 : 1)),
            'int64',
          )
        : undefined,
    ],
    constant: pick(r, [2, 3]),
  };
});

checkCases('Col2Im', 60, (r) => {
  const rank = r.integer(1, 3);
  const [block, strides, dilations] = [
    dims(r, rank, 1, 3),
    dims(r, rank, 1, 3),
    dims(r, rank, 1, 2),
  ];
  const pads = dims(r, 2 * rank, 0, 2);
  // onnxruntime mixes up rows and channels of dilated blocks but of two axes.
  if (rank !== 2) dilations.fill(1);
  const image = dims(r, rank, 5, 8);
  const places = image.map((size, axis) => {
    const room =
      size + pads[axis]! + pads[axis + rank]! - dilations[axis]! * (block[axis]! - 1) - 1;
    return Math.floor(room / strides[axis]!) + 1;
  });
  const product = (list: readonly number[]): number => list.reduce((all, size) => all * size, 1);
  return {
    op: 'Col2Im',
    opset: 18,
    attributes: { strides, dilations, pads },
    inputs: [
      normals(r, 2, 2 * product(block), product(places)),
      tensorOf([rank], image, 'int64'),
      tensorOf([rank], block, 'int64'),
    ],
    constant: pick(r, [1, 3]),
  };
});

checkCases('DeformConv', 60, (r) => {
  const [groups, offsetGroups] = [r.integer(1, 2), r.integer(1, 2)];
  const [channels, m] = [2 * r.integer(1, 2), groups * r.integer(1, 3)];
  const [kernel, strides, dilations] = [dims(r, 2, 1, 3), dims(r, 2, 1, 2), dims(r, 2, 1, 2)];
  const pads = dims(r, 4, 0, 2);
  const image = dims(r, 2, 5, 7);
  const out = image.map((size, axis) => {
    const room = size + pads[axis]! + pads[axis + 2]! - dilations[axis]! * (kernel[axis]! - 1) - 1;
    return Math.floor(room / strides[axis]!) + 1;
  });
  const moves = offsetGroups * kernel[0]! * kernel[1]!;
  const batch = r.integer(1, 2);
  return {
    op: 'DeformConv',
    opset: pick(r, [19, 22]),
    attributes: { group: groups, offset_group: offsetGroups, strides, dilations, pads },
    inputs: [
      normals(r, batch, channels, ...image),
      normals(r, m, channels / groups, ...kernel),
      normals(r, batch, 2 * moves, ...out),
      r.integer(0, 1) ? normals(r, m) : undefined,
      r.integer(0, 1) ? normals(r, batch, moves, ...out) : undefined,
    ],
  };
});

const values = (
  text: string,
  feeds: Readonly<Record<string, Tensor>>,
  opset = 22,
): readonly number[] => runText(text, feeds, { opset }).values;
const shape = (...sizes: number[]): Tensor => tensorOf([sizes.length], sizes, 'int64');

test('a grid by hand: between, on the edge and beyond', (t) => {
  const x = tensorOf([1, 1, 1, 3], [1, 2, 4]);
  const grid = tensorOf([1, 1, 4, 2], [0, 0, 0.5, 0, 1, 0, 3, 0]);
  const y = (attributes: string): readonly number[] =>
    values(`y = GridSample<${attributes}>(x, grid)`, { x, grid });
  t.deepEqual(y('align_corners = 1'), [2, 3, 4, 0]);
  t.deepEqual(y('align_corners = 1, padding_mode = "border"'), [2, 3, 4, 4]);
  t.deepEqual(y('align_corners = 1, padding_mode = "reflection"'), [2, 3, 4, 1]);
  // 1 is the outer edge of the last element: half of it, and half of what lies beyond.
  t.deepEqual(y(''), [2, 3.5, 2, 0]);
  t.deepEqual(y('mode = "nearest"'), [2, 4, 4, 0]);
  t.deepEqual(y('mode = "cubic", align_corners = 1').slice(0, 1), [2]);
  for (const wrong of ['mode = "best"', 'padding_mode = "none"']) {
    t.throws(() => y(wrong), { code: 'ERR_MODEL' });
  }
  const flat = { x, grid: tensorOf([1, 1, 4, 3]) };
  t.throws(() => values('y = GridSample(x, grid)', flat), { code: 'ERR_MODEL' });
  const none = { x: tensorOf([1, 2, 0, 3], []), grid: tensorOf([1, 1, 1, 2], [NaN, 0]) };
  t.deepEqual(values('y = GridSample(x, grid)', none), [0, 0]);
});

test('the grid of a mirrored image by hand', (t) => {
  const theta = tensorOf([1, 2, 3], [-1, 0, 0, 0, 1, 0.5]);
  const y = (attributes: string): readonly number[] =>
    values(`y = AffineGrid<${attributes}>(theta, size)`, { theta, size: shape(1, 1, 1, 2) });
  t.deepEqual(y(''), [0.5, 0.5, -0.5, 0.5]);
  t.deepEqual(y('align_corners = 1').slice(0, 1), [1]);
  const wrong = { theta, size: shape(2, 1, 1, 2) };
  t.throws(() => values('y = AffineGrid(theta, size)', wrong), { code: 'ERR_MODEL' });
});

test('regions by hand', (t) => {
  const x = tensorOf([1, 1, 4, 4]);
  const feeds = { x, rois: tensorOf([1, 4], [0, 0, 2, 2]), images: shape(0) };
  const size = 'output_height = 2, output_width = 2, sampling_ratio = 1';
  // The centres of 2 x 2 elements: each its own value.
  t.deepEqual(values(`y = RoiAlign<${size}>(x, rois, images)`, feeds), [0, 1, 4, 5]);
  const older = `y = RoiAlign<${size}>(x, rois, images)`;
  t.deepEqual(values(older, feeds, 10), [2.5, 3.5, 6.5, 7.5]);
  const outside = { ...feeds, images: shape(1) };
  t.throws(() => values('y = RoiAlign(x, rois, images)', outside), { code: 'ERR_MODEL' });
  t.throws(() => values('y = RoiAlign<mode = "min">(x, rois, images)', feeds), {
    code: 'ERR_MODEL',
  });
  const none = { ...feeds, rois: tensorOf([0, 4], []), images: shape() };
  t.deepEqual(
    runText(`y = RoiAlign<${size}>(x, rois, images)`, none, { opset: 16 }).dims,
    [0, 1, 2, 2],
  );
  const pool = 'y = MaxRoiPool<pooled_shape = [2, 1]>(x, rois)';
  t.deepEqual(values(pool, { x, rois: tensorOf([1, 5], [0, 1, 0, 2, 3]) }), [6, 14]);
  const beyond = { x, rois: tensorOf([1, 5], [0, 9, 9, 9, 9]) };
  t.deepEqual(values(pool, beyond), [0, 0]);
  t.throws(() => values(pool, { x, rois: tensorOf([1, 5], [1, 0, 0, 1, 1]) }), {
    code: 'ERR_MODEL',
  });
});

test('pools undone, and columns put back, by hand', (t) => {
  const x = tensorOf([1, 1, 1, 2], [5, 6]);
  const at = { x, i: tensorOf([1, 1, 1, 2], [1, 6], 'int64') };
  const text = 'MaxUnpool<kernel_shape = [2, 2], strides = [2, 2]>';
  t.deepEqual(values(`y = ${text}(x, i)`, at), [0, 5, 0, 0, 0, 0, 6, 0]);
  const wide = { ...at, s: shape(1, 1, 2, 5) };
  t.deepEqual(values(`y = ${text}(x, i, s)`, wide), [0, 5, 0, 0, 0, 0, 6, 0, 0, 0]);
  const beyond = { x, i: tensorOf([1, 1, 1, 2], [1, 8], 'int64') };
  t.throws(() => values(`y = ${text}(x, i)`, beyond), { code: 'ERR_MODEL' });
  // Blocks of 1 x 2 at 0 and 1 of three columns: the middle one is in both.
  const columns = { c: tensorOf([1, 2, 2], [1, 2, 10, 20]), s: shape(1, 3), b: shape(1, 2) };
  t.deepEqual(values('y = Col2Im(c, s, b)', columns), [1, 12, 20]);
  // Two channels of blocks that take every other element.
  const taps = [1, 2, 3, 10, 20, 30];
  const apart = { c: tensorOf([1, 4, 3], [...taps, ...taps]), s: shape(5), b: shape(2) };
  const sums = [1, 2, 13, 20, 30];
  t.deepEqual(values('y = Col2Im<dilations = [2]>(c, s, b)', apart), [...sums, ...sums]);
  const wrong = { ...columns, s: shape(1, 4) };
  t.throws(() => values('y = Col2Im(c, s, b)', wrong), { code: 'ERR_MODEL' });
});

test('a deformed convolution by hand', (t) => {
  const feeds = {
    ...{ x: tensorOf([1, 1, 1, 3], [1, 2, 4]), w: tensorOf([1, 1, 1, 2], [1, 10]) },
    // Rows stay; the first tap of the second column moves by half an element, the last beyond all.
    f: tensorOf([1, 4, 1, 2], [0, 0, 0, 0.5, 0, 0, 0, 5]),
    b: tensorOf([1], [100]),
    m: tensorOf([1, 2, 1, 2], [1, 2, 1, 1]),
  };
  t.deepEqual(values('y = DeformConv(x, w, f)', feeds), [21, 3]);
  t.deepEqual(values('y = DeformConv(x, w, f, b, m)', feeds), [121, 106]);
  const wrong = { ...feeds, f: tensorOf([1, 2, 1, 2]) };
  t.throws(() => values('y = DeformConv(x, w, f)', wrong), { code: 'ERR_MODEL' });
});
