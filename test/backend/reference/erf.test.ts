import test from 'ava';

import { erf, erfc } from '#convfuse/backend/reference/erf.js';

// By Python's math.erf and math.erfc: values in each of the three intervals, and at their edges.
const VALUES: readonly (readonly [x: number, erf: number, erfc: number])[] = [
  [0, 0, 1],
  [1e-9, 1.1283791670955127e-9, 0.9999999988716208],
  [0.25, 0.2763263901682369, 0.7236736098317631],
  [0.46875, 0.49261347321793797, 0.507386526782062],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [1, 0.8427007929497149, 0.15729920705028513],
  [2, 0.9953222650189527, 0.004677734981047265],
  [3.5, 0.9999992569016276, 7.430983723414128e-7],
  [4.5, 0.9999999998033839, 1.9661604415428873e-10],
  [6, 1, 2.1519736712498916e-17],
  [10, 1, 2.088487583762545e-45],
];

const close = (actual: number, expected: number): boolean =>
  Math.abs(actual - expected) <= 1e-15 * Math.abs(expected);

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
