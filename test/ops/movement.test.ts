// Operators that only move elements: Transpose, Concat, Split, Slice, Gather, Expand, Tile,
// DepthToSpace, SpaceToDepth, Crop, ImageScaler.

import test from 'ava';

import { runAll, runText, tensorOf } from '../helpers/run-text.js';

test('Transpose', (t) => {
  const x = tensorOf([2, 3]);
  t.deepEqual(runText('y = Transpose(x)', { x }), {
    type: 'float32',
    dims: [3, 2],
    values: [0, 3, 1, 4, 2, 5],
  });
  const cube = { x: tensorOf([2, 1, 20]) };
  const kept = runText('y = Transpose<perm = [1, 0, 2]>(x)', cube);
  t.deepEqual(kept.dims, [1, 2, 20]);
  t.deepEqual(
    kept.values,
    Array.from({ length: 40 }, (_, i) => i),
  );
  t.throws(() => runText('y = Transpose<perm = [0, 0]>(x)', { x }), { code: 'ERR_MODEL' });
});

test('Concat', (t) => {
  const feeds = { a: tensorOf([2, 1], [1, 2]), b: tensorOf([2, 2], [3, 4, 5, 6]) };
  t.deepEqual(runText('y = Concat<axis = -1>(a, b)', feeds).values, [1, 3, 4, 2, 5, 6]);
  t.deepEqual(runText('y = Concat(a, b)', feeds, { opset: 3 }).dims, [2, 3]);
  t.throws(() => runText('y = Concat<axis = 0>(a, b)', feeds), { code: 'ERR_MODEL' });
});

test('Split: equal parts, listed ones, and a smaller last one', (t) => {
  const x = tensorOf([2, 5]);
  const parts = (text: string, opset: number, more = {}): number[][] =>
    Object.values(runAll(text, { x, ...more }, { opset })).map(({ values }) => [...values]);
  t.deepEqual(parts('a, b = Split<axis = 1, split = [2, 3]>(x)', 11), [
    [0, 1, 5, 6],
    [2, 3, 4, 7, 8, 9],
  ]);
  t.deepEqual(parts('a, b = Split(x)', 13), [
    [0, 1, 2, 3, 4],
    [5, 6, 7, 8, 9],
  ]);
  const sizes = { s: tensorOf([2], [4, 1], 'int64') };
  t.deepEqual(parts('a, b = Split<axis = 1>(x, s)', 13, sizes)[1], [4, 9]);
  t.deepEqual(parts('a, b = Split<axis = 1, num_outputs = 2>(x)', 18)[1], [3, 4, 8, 9]);
  t.throws(() => parts('a, b = Split<axis = 1>(x)', 13), { code: 'ERR_MODEL' });
});

test('Slice: attributes at first, inputs with steps from opset 10 on', (t) => {
  const x = tensorOf([3, 4]);
  const old = 'y = Slice<starts = [1, -2], ends = [100, 100], axes = [0, 1]>(x)';
  t.deepEqual(runText(old, { x }, { opset: 9 }).values, [6, 7, 10, 11]);
  const list = (values: number[]) => tensorOf([values.length], values, 'int64');
  const slice = (starts: number[], ends: number[], axes: number[], steps: number[]) =>
    runText('y = Slice(x, s, e, a, p)', {
      x,
      s: list(starts),
      e: list(ends),
      a: list(axes),
      p: list(steps),
    });
  t.deepEqual(slice([0], [4], [1], [2]).values, [0, 2, 4, 6, 8, 10]);
  t.deepEqual(slice([-1], [-100], [0], [-2]).values, [8, 9, 10, 11, 0, 1, 2, 3]);
  t.deepEqual(slice([2], [1], [0], [1]).dims, [0, 4]);
  t.deepEqual(slice([100, 3], [-100, 0], [0, 1], [-1, -2]).values, [11, 9, 7, 5, 3, 1]);
});

test('Gather', (t) => {
  const feeds = { x: tensorOf([2, 3]), i: tensorOf([2, 1], [-1, 0], 'int64') };
  t.deepEqual(runText('y = Gather<axis = 1>(x, i)', feeds), {
    type: 'float32',
    dims: [2, 2, 1],
    values: [2, 0, 5, 3],
  });
  t.deepEqual(
    runText('y = Gather(x, i)', { ...feeds, i: tensorOf([], [1], 'int32') }).values,
    [3, 4, 5],
  );
  const outside = { ...feeds, i: tensorOf([1], [2], 'int64') };
  t.throws(() => runText('y = Gather(x, i)', outside), { code: 'ERR_ARGUMENT' });
});

test('Expand and Tile', (t) => {
  const x = tensorOf([2, 1], [1, 2]);
  const shape = tensorOf([3], [2, 1, 2], 'int64');
  t.deepEqual(runText('y = Expand(x, s)', { x, s: shape }), {
    type: 'float32',
    dims: [2, 2, 2],
    values: [1, 1, 2, 2, 1, 1, 2, 2],
  });
  const repeats = tensorOf([2], [2, 2], 'int64');
  t.deepEqual(runText('y = Tile(x, r)', { x, r: repeats }), {
    type: 'float32',
    dims: [4, 2],
    values: [1, 1, 2, 2, 1, 1, 2, 2],
  });
});

test('DepthToSpace in both modes, and back', (t) => {
  const x = tensorOf([1, 8, 1, 1]);
  const dcr = runText('y = DepthToSpace<blocksize = 2>(x)', { x });
  t.deepEqual(dcr.dims, [1, 2, 2, 2]);
  t.deepEqual(dcr.values, [0, 2, 4, 6, 1, 3, 5, 7]);
  const crd = runText('y = DepthToSpace<blocksize = 2, mode = "CRD">(x)', { x });
  t.deepEqual(crd.values, [0, 1, 2, 3, 4, 5, 6, 7]);
  const text = 'a = DepthToSpace<blocksize = 2>(x)\ny = SpaceToDepth<blocksize = 2>(a)';
  t.deepEqual(runText(text, { x }).values, [0, 1, 2, 3, 4, 5, 6, 7]);
  t.throws(() => runText('y = DepthToSpace<blocksize = 3>(x)', { x }), { code: 'ERR_MODEL' });
  const unknown = 'y = DepthToSpace<blocksize = 2, mode = "RCD">(x)';
  t.throws(() => runText(unknown, { x }), { code: 'ERR_MODEL' });
});

test('Crop and ImageScaler of old files', (t) => {
  const x = tensorOf([1, 1, 3, 4]);
  const opset = { opset: 7 };
  t.deepEqual(runText('y = Crop<border = [1, 0, 1, 1]>(x)', { x }, opset), {
    type: 'float32',
    dims: [1, 1, 2, 2],
    values: [1, 2, 5, 6],
  });
  t.deepEqual(
    runText('y = Crop<border = [1, 1, 0, 0], scale = [1, 2]>(x)', { x }, opset).values,
    [5, 6],
  );
  const two = { x: tensorOf([1, 2, 1, 1], [1, 2]) };
  const scaler = 'y = ImageScaler<scale = 2.0, bias = [10.0, 20.0]>(x)';
  t.deepEqual(runText(scaler, two, opset).values, [12, 24]);
});
