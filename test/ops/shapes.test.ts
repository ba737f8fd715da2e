// Operators about shapes and constants: Reshape, Flatten, Squeeze, Unsqueeze, Shape, Size,
// Constant, ConstantOfShape, Range, Identity, Dropout.

import test from 'ava';

import { runAll, runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([2, 3, 4]);
const list = (...values: number[]) => tensorOf([values.length], values, 'int64');

test('Reshape: 0 copies, -1 is what is left', (t) => {
  t.deepEqual(runText('y = Reshape(x, s)', { x, s: list(0, -1) }).dims, [2, 12]);
  t.deepEqual(runText('y = Reshape(x, s)', { x, s: list(4, 6) }).dims, [4, 6]);
  t.deepEqual(runText('y = Reshape<shape = [-1]>(x)', { x }, { opset: 1 }).dims, [24]);
  const empty = { x: tensorOf([0, 3]), s: list(3, 0) };
  t.deepEqual(runText('y = Reshape<allowzero = 1>(x, s)', empty).dims, [3, 0]);
  t.throws(() => runText('y = Reshape(x, s)', { x, s: list(5, -1) }), {
    code: 'ERR_MODEL',
    message: /cannot make 5x-1 of 2x3x4/,
  });
  t.throws(() => runText('y = Reshape(x, s)', { x, s: list(5, 5) }), { code: 'ERR_MODEL' });
});

test('Flatten', (t) => {
  t.deepEqual(runText('y = Flatten(x)', { x }).dims, [2, 12]);
  t.deepEqual(runText('y = Flatten<axis = 0>(x)', { x }).dims, [1, 24]);
  t.deepEqual(runText('y = Flatten<axis = 3>(x)', { x }).dims, [24, 1]);
  t.deepEqual(runText('y = Flatten<axis = -1>(x)', { x }).dims, [6, 4]);
});

test('Squeeze and Unsqueeze, by attribute and by input', (t) => {
  const one = { x: tensorOf([1, 3, 1]) };
  t.deepEqual(runText('y = Squeeze(x)', one).dims, [3]);
  t.deepEqual(runText('y = Squeeze<axes = [-1]>(x)', one, { opset: 11 }).dims, [1, 3]);
  t.deepEqual(runText('y = Squeeze(x, a)', { ...one, a: list(0) }).dims, [3, 1]);
  t.throws(() => runText('y = Squeeze(x, a)', { ...one, a: list(1) }), { code: 'ERR_MODEL' });
  t.deepEqual(
    runText('y = Unsqueeze<axes = [0, -1]>(x)', one, { opset: 11 }).dims,
    [1, 1, 3, 1, 1],
  );
  t.deepEqual(runText('y = Unsqueeze(x, a)', { ...one, a: list(1) }).dims, [1, 1, 3, 1]);
  t.throws(() => runText('y = Unsqueeze(x, a)', { ...one, a: list(0, 0) }), { code: 'ERR_MODEL' });
});

test('Shape, with a part of it from opset 15 on, and Size', (t) => {
  t.deepEqual(runText('y = Shape(x)', { x }), { type: 'int64', dims: [3], values: [2, 3, 4] });
  t.deepEqual(runText('y = Shape<start = -2>(x)', { x }).values, [3, 4]);
  t.deepEqual(runText('y = Shape<start = 0, end = 1>(x)', { x }).values, [2]);
  t.deepEqual(runText('y = Size(x)', { x }), { type: 'int64', dims: [], values: [24] });
});

test('Constant in its kinds', (t) => {
  const y = (value: string) => runText(`y = Constant<${value}>()`, {});
  t.deepEqual(y('value = float[2] {1, 2}'), { type: 'float32', dims: [2], values: [1, 2] });
  t.deepEqual(y('value_float = 0.5'), { type: 'float32', dims: [], values: [0.5] });
  t.deepEqual(y('value_ints = [1, 2]'), { type: 'int64', dims: [2], values: [1, 2] });
});

test('ConstantOfShape is zero unless it says otherwise', (t) => {
  t.deepEqual(runText('y = ConstantOfShape(s)', { s: list(1, 2) }), {
    type: 'float32',
    dims: [1, 2],
    values: [0, 0],
  });
  const text = 'y = ConstantOfShape<value = int64[1] {7}>(s)';
  t.deepEqual(runText(text, { s: list(2) }), { type: 'int64', dims: [2], values: [7, 7] });
  t.throws(() => runText('y = ConstantOfShape(s)', { s: list(2 ** 40) }), { code: 'ERR_LIMIT' });
  t.throws(() => runText('y = ConstantOfShape(s)', { s: list(-1) }), { code: 'ERR_MODEL' });
});

test('Range', (t) => {
  const feeds = (type: 'int64' | 'float32', ...[a, b, c]: number[]) => ({
    a: tensorOf([], [a!], type),
    b: tensorOf([], [b!], type),
    c: tensorOf([], [c!], type),
  });
  t.deepEqual(runText('y = Range(a, b, c)', feeds('int64', 5, 0, -2)).values, [5, 3, 1]);
  t.deepEqual(runText('y = Range(a, b, c)', feeds('float32', 0, 1, 0.5)).values, [0, 0.5]);
  t.throws(() => runText('y = Range(a, b, c)', feeds('int64', 0, 1, 0)), { code: 'ERR_MODEL' });
});

test('Identity and Dropout pass their input on', (t) => {
  t.deepEqual(runText('y = Identity(x)', { x }).values.length, 24);
  const two = { x: tensorOf([2], [1, 2]) };
  t.deepEqual(runAll('y, m = Dropout(x)', two), {
    y: { type: 'float32', dims: [2], values: [1, 2] },
    m: { type: 'bool', dims: [2], values: [1, 1] },
  });
  const training = { ...two, r: tensorOf([], [0.5]), f: tensorOf([], [1], 'bool') };
  t.throws(() => runText('y = Dropout(x, r, f)', training), { code: 'ERR_UNSUPPORTED' });
});
