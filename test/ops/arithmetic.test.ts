import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

test('operands are broadcast against each other from the last axis', (t) => {
  const feeds = { a: tensorOf([2, 1, 3]), b: tensorOf([2, 1], [10, 20]) };
  t.deepEqual(runText('y = Add(a, b)', feeds), {
    type: 'float32',
    dims: [2, 2, 3],
    values: [10, 11, 12, 20, 21, 22, 13, 14, 15, 23, 24, 25],
  });
  t.deepEqual(runText('y = Sub(a, b)', feeds).values.slice(0, 3), [-10, -9, -8]);
  t.deepEqual(runText('y = Mul(b, a)', feeds).values.slice(0, 4), [0, 10, 20, 0]);
});

test('below opset 7 the second operand stands at the attribute axis', (t) => {
  const feeds = { a: tensorOf([1, 2, 2, 2]), b: tensorOf([2], [10, 20]) };
  t.deepEqual(
    runText('y = Add<broadcast = 1, axis = 1>(a, b)', feeds, { opset: 6 }).values,
    [10, 11, 12, 13, 24, 25, 26, 27],
  );
  const last = runText('y = Add<broadcast = 1>(a, b)', feeds, { opset: 6 });
  t.deepEqual(last.values, [10, 21, 12, 23, 14, 25, 16, 27]);
});

test('whole numbers are divided as in C', (t) => {
  const feeds = {
    a: tensorOf([4], [7, -7, 7, 5], 'int32'),
    b: tensorOf([4], [2, 2, -2, 0], 'int32'),
  };
  t.deepEqual(runText('y = Div(a, b)', feeds).values, [3, -3, -3, 0]);
  const wide = { a: tensorOf([2], [7, -7], 'int64'), b: tensorOf([2], [2, 2], 'int64') };
  t.deepEqual(runText('y = Div(a, b)', wide), { type: 'int64', dims: [2], values: [3, -3] });
});

test('products of 32-bit numbers wrap without losing digits', (t) => {
  const feeds = {
    a: tensorOf([1], [0x7fffffff], 'int32'),
    b: tensorOf([1], [0x7fffffff], 'int32'),
  };
  t.deepEqual(runText('y = Mul(a, b)', feeds).values, [1]);
});

test('powers take an exponent of another type from opset 12 on', (t) => {
  const feeds = { a: tensorOf([3], [1, 2, 3]), b: tensorOf([1], [2], 'int64') };
  t.deepEqual(runText('y = Pow(a, b)', feeds), { type: 'float32', dims: [3], values: [1, 4, 9] });
  const whole = { a: tensorOf([2], [2, 3], 'int64'), b: tensorOf([], [3]) };
  t.deepEqual(runText('y = Pow(a, b)', whole), { type: 'int64', dims: [2], values: [8, 27] });
  const root = { a: tensorOf([2], [9, 16], 'int32'), b: tensorOf([], [0.5]) };
  t.deepEqual(runText('y = Pow(a, b)', root), { type: 'int32', dims: [2], values: [3, 4] });
  const down = {
    a: tensorOf([4], [2, 1, -1, 0], 'int64'),
    b: tensorOf([4], [-1, -2, -3, -1], 'int64'),
  };
  t.deepEqual(runText('y = Pow(a, b)', down).values, [0, 1, -1, 0]);
  const ones = {
    a: tensorOf([5], [1, 1, -1, -1, -1]),
    b: tensorOf([5], [NaN, -Infinity, Infinity, -Infinity, NaN]),
  };
  t.deepEqual(runText('y = Pow(a, b)', ones).values, [1, 1, 1, 1, NaN]);
});

test('Mod has the sign of the divisor, with fmod that of the dividend', (t) => {
  const feeds = { a: tensorOf([2], [-5, 5], 'int32'), b: tensorOf([2], [3, -3], 'int32') };
  t.deepEqual(runText('y = Mod(a, b)', feeds).values, [1, -1]);
  t.deepEqual(runText('y = Mod<fmod = 1>(a, b)', feeds).values, [-2, 2]);
});

test('operands of different types, or that do not broadcast, are refused', (t) => {
  const mixed = { a: tensorOf([1]), b: tensorOf([1], [1], 'int32') };
  t.throws(() => runText('y = Add(a, b)', mixed), { code: 'ERR_MODEL' });
  const apart = { a: tensorOf([2]), b: tensorOf([3]) };
  t.throws(() => runText('y = Add(a, b)', apart), { code: 'ERR_ARGUMENT', message: /broadcast/ });
});
