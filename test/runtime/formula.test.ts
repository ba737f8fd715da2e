import test from 'ava';

import { parseFormula } from '#convfuse/runtime/formula.js';
import { matches } from '#convfuse/runtime/polynomial.js';

const same = (a: string, b: string, tolerance = 1e-12): boolean =>
  matches(parseFormula(a), parseFormula(b), tolerance);

test('order, brackets and common factors make no difference', (t) => {
  t.true(same('x * (1 + Erf(x))', 'Erf(x) * x + x'));
  t.true(same('x^3', 'x * x * x'));
  t.true(same('2 * x - x', 'x'));
  t.true(same('x / 4', '0.25 * x'));
  t.true(same('Clip(x + 3, 0, 6) / 6', 'Clip(x / 6 + 0.5, 0, 1)'));
  t.true(same('-(x - 1)', '1 - x'));
  t.true(same('sqrt(2 / pi) * Tanh(x * 2 + x)', 'Tanh(3 * x) * 0.7978845608028654'));
});

test('what is another function is another formula', (t) => {
  t.false(same('x', 'x^2'));
  t.false(same('Erf(x)', 'Tanh(x)'));
  t.false(same('Erf(x)', 'Erf(x + 1)'));
  t.false(same('Erf(x) + Erf(2 * x)', '2 * Erf(x)'));
  t.false(same('x * Erf(x)', 'Erf(x * x)'));
  t.false(same('x - x', '1'));
});

test('numbers may differ by the tolerance, wherever they stand', (t) => {
  t.true(same('1.00001 * x', 'x', 1e-4));
  t.true(same('Erf(1.00001 * x)', 'Erf(x)', 1e-4));
  t.false(same('1.001 * x', 'x', 1e-4));
  t.false(same('Erf(1.001 * x)', 'Erf(x)', 1e-4));
  t.false(same('x + 0.00001', 'x', 1e-4));
});

test('what is no formula is refused', (t) => {
  for (const text of ['', 'x +', '(x', 'y', 'Clip(x, 1, 0)', 'sqrt(x)', 'x x', 'Erf x']) {
    t.throws(() => parseFormula(text), { code: 'ERR_INTERNAL' }, text);
  }
});
