import test from 'ava';

import { leastNormal, narrow, nearest, subnormalHalfStep, widen } from '#convfuse/fold/stored.js';

const TYPES = ['float32', 'float64', 'float16', 'bfloat16'] as const;

test('numbers of a type come back as they were', (t) => {
  for (const type of TYPES) {
    const values = Float64Array.of(0, -0, 1, -1.5, 0.25, leastNormal(type), Infinity, -Infinity);
    t.deepEqual(widen(type, narrow(type, values)), values);
    for (const value of values) t.is(nearest(type, value), value);
  }
});

test('rounding is to nearest, ties to even, once', (t) => {
  // A double just above a tie: through float32 it would become the tie, and then the even one.
  const above = 1 + 2 ** -11 + 2 ** -40;
  t.is(nearest('float16', above), 1 + 2 ** -10);
  t.is(nearest('float16', 1 + 2 ** -11), 1);
  t.is(nearest('bfloat16', 1 + 2 ** -8), 1);
  t.is(nearest('bfloat16', 1 + 3 * 2 ** -8), 1 + 2 ** -6);
  t.is(nearest('float32', 1 + 2 ** -24), 1);
});

test('overflow is infinite', (t) => {
  t.is(nearest('float16', 65520), Infinity);
  t.is(nearest('float16', 65519), 65504);
  t.is(nearest('float32', 3.5e38), Infinity);
});

test('half a subnormal step is the most that rounding near zero loses', (t) => {
  for (const type of ['float32', 'float16', 'bfloat16'] as const) {
    const half = subnormalHalfStep(type);
    t.is(nearest(type, half), 0);
    t.is(nearest(type, half * 1.001), 2 * half);
  }
});
