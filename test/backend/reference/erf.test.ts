import test from 'ava';

import { erf, erfc } from '#convfuse/backend/reference/erf.js';

// From a 50-digit computation (mpmath), one or more for each of the three intervals.
const VALUES: readonly (readonly [x: number, erf: number, erfc: number])[] = [
  [0, 0, 1],
  [1e-9, 1.1283791670955126e-9, 0.9999999988716208],
  [0.25, 0.2763263901682369, 0.7236736098317631],
  [0.46875, 0.49260688105222, 0.50739311894778],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [1, 0.8427007929497149, 0.15729920705028513],
  [2, 0.9953222650189527, 0.004677734981047266],
  [3.5, 0.9999992569016276, 7.430983723414128e-7],
  [4.5, 0.9999999998033839, 1.9661604415428873e-10],
  [6, 1, 2.1519736712498913e-17],
  [10, 1, 2.088487583762545e-45],
];

const close = (actual: number, expected: number): boolean =>
  Math.abs(actual - expected) <= 2e-15 * Math.abs(expected);

test('erf and erfc agree with known values on both sides of 0', (t) => {
  for (const [x, e, c] of VALUES) {
    t.true(close(erf(x), e), `erf(${x}) = ${erf(x)}`);
    t.true(close(erf(-x), -e), `erf(-${x})`);
    t.true(close(erfc(x), c), `erfc(${x}) = ${erfc(x)}`);
    t.true(close(erfc(-x), 1 + e), `erfc(-${x})`);
  }
});

test('limits and NaN', (t) => {
  t.is(erf(Infinity), 1);
  t.is(erf(-Infinity), -1);
  t.is(erfc(Infinity), 0);
  t.is(erfc(-Infinity), 2);
  t.is(erf(NaN), NaN);
  t.is(erfc(NaN), NaN);
  t.is(erf(-0), -0);
});
