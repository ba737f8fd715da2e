// Gemm and MatMul.

import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const a = tensorOf([2, 3]);
const b = tensorOf([3, 2], [1, 0, 0, 1, 1, 1]);

test('Gemm: transposes, alpha, beta, and a broadcast C', (t) => {
  t.deepEqual(runText('y = Gemm(a, b)', { a, b }).values, [2, 3, 8, 9]);
  const turned = {
    a: tensorOf([3, 2], [0, 3, 1, 4, 2, 5]),
    b: tensorOf([2, 3], [1, 0, 1, 0, 1, 1]),
  };
  t.deepEqual(runText('y = Gemm<transA = 1, transB = 1>(a, b)', turned).values, [2, 3, 8, 9]);
  for (const [dims, values] of [
    [[2], [1, 2]],
    [
      [1, 2],
      [1, 2],
    ],
  ] as const) {
    const feeds = { a, b, c: tensorOf(dims, values) };
    const text = 'y = Gemm<alpha = 2.0, beta = 0.5>(a, b, c)';
    t.deepEqual(runText(text, feeds).values, [4.5, 7, 16.5, 19]);
  }
  t.deepEqual(runText('y = Gemm(a, b, c)', { a, b, c: tensorOf([], [1]) }).values, [3, 4, 9, 10]);
  t.deepEqual(
    runText('y = Gemm(a, b, c)', { a, b, c: tensorOf([2, 1], [1, 2]) }).values,
    [3, 4, 10, 11],
  );
});

test('Gemm refuses what does not fit', (t) => {
  t.throws(() => runText('y = Gemm(a, a)', { a }), {
    code: 'ERR_MODEL',
    message: /multiply 2x3 by 2x3/,
  });
  const feeds = { a, b, c: tensorOf([3, 2, 2]) };
  t.throws(() => runText('y = Gemm(a, b, c)', feeds), {
    code: 'ERR_MODEL',
    message: /C of 3x2x2 does not/,
  });
});

test('MatMul: stacks of matrices are broadcast', (t) => {
  t.deepEqual(runText('y = MatMul(a, b)', { a, b }).values, [2, 3, 8, 9]);
  const stack = { a: tensorOf([2, 1, 3]), b };
  t.deepEqual(runText('y = MatMul(a, b)', stack), {
    type: 'float32',
    dims: [2, 1, 2],
    values: [2, 3, 8, 9],
  });
  const both = { a: tensorOf([2, 1, 1, 2], [1, 2, 3, 4]), b: tensorOf([2, 2, 1], [1, 0, 0, 1]) };
  t.deepEqual(runText('y = MatMul(a, b)', both), {
    type: 'float32',
    dims: [2, 2, 1, 1],
    values: [1, 2, 3, 4],
  });
});

test('MatMul: vectors lose the axis that they were given', (t) => {
  const vector = tensorOf([3], [1, 1, 1]);
  t.deepEqual(runText('y = MatMul(a, v)', { a, v: vector }), {
    type: 'float32',
    dims: [2],
    values: [3, 12],
  });
  t.deepEqual(runText('y = MatMul(v, b)', { v: vector, b }).values, [2, 2]);
  t.deepEqual(runText('y = MatMul(v, v)', { v: vector }), {
    type: 'float32',
    dims: [],
    values: [3],
  });
  t.throws(() => runText('y = MatMul(a, a)', { a }), { code: 'ERR_MODEL' });
});

test('an activation behind a product is applied to it', (t) => {
  const feeds = { a: tensorOf([2, 3], [0, -1, -2, 3, 4, 5]), b };
  t.deepEqual(runText('p = Gemm(a, b)\ny = Relu(p)', feeds).values, [0, 0, 8, 9]);
  t.deepEqual(runText('p = MatMul(a, b)\ny = Relu(p)', feeds).values, [0, 0, 8, 9]);
});
