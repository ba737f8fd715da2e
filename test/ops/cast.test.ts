import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

test('fractions are cut off, and whole numbers wrap', (t) => {
  const x = tensorOf([4], [-1.9, 1.9, 300, 0]);
  const y = (to: number): readonly number[] => runText(`y = Cast<to = ${to}>(x)`, { x }).values;
  t.deepEqual(y(7), [-1, 1, 300, 0]);
  t.deepEqual(y(3), [-1, 1, 44, 0]);
  t.deepEqual(y(9), [1, 1, 1, 0]);
  t.deepEqual(y(1).map(Math.fround), [-1.9, 1.9, 300, 0].map(Math.fround));
  const nan = { x: tensorOf([2], [NaN, Infinity]) };
  t.deepEqual(runText('y = Cast<to = 7>(x)', nan).values, [0, 0]);
});

test('floating-point types keep only the digits that they have', (t) => {
  const x = tensorOf([2], [1 + 2 ** -12, 70000], 'float64');
  const back = (to: number, arithmetic: 'float32' | 'float64'): readonly number[] =>
    runText(`h = Cast<to = ${to}>(x)\ny = Cast<to = 11>(h)`, { x }, { arithmetic }).values;
  for (const arithmetic of ['float32', 'float64'] as const) {
    t.deepEqual(back(10, arithmetic), [1, Infinity]);
    t.deepEqual(back(16, arithmetic), [1, 70144]);
    t.deepEqual(back(1, arithmetic), [1 + 2 ** -12, 70000]);
  }
});

test('a float16 result is rounded when it leaves the graph', (t) => {
  const x = tensorOf([1], [0x3c01], 'float16'); // 1 + 2^-10
  const y = runText('y = Mul(x, x)', { x });
  t.deepEqual(y, { type: 'float16', dims: [1], values: [1 + 2 ** -9] });
});

test('names of types before opset 6, CastLike since 15', (t) => {
  const x = tensorOf([1], [2.5]);
  t.deepEqual(runText('y = Cast<to = "INT32">(x)', { x }, { opset: 5 }), {
    type: 'int32',
    dims: [1],
    values: [2],
  });
  const like = { x, l: tensorOf([2], [0, 0], 'int64') };
  t.deepEqual(runText('y = CastLike(x, l)', like), { type: 'int64', dims: [1], values: [2] });
});

test('64-bit numbers survive on the way to 64 bits', (t) => {
  const x = { type: 'int64', dims: [1], data: BigInt64Array.of(2n ** 62n + 1n) } as const;
  t.is(runText('y = Cast<to = 13>(x)', { x }).type, 'uint64');
});
