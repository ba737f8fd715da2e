import test from 'ava';

import { activateInPlace } from '#convfuse/ops/activation-loop.js';
import { ACTIVATION_FORMULAS, activationOfFormula } from '#convfuse/runtime/activation-formulas.js';
import { parseFormula } from '#convfuse/runtime/formula.js';
import type { Factor, Sum } from '#convfuse/runtime/polynomial.js';
import { erf } from '#convfuse/backend/reference/erf.js';

const FUNCTIONS: Readonly<Record<string, (v: number) => number>> = {
  Sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  Tanh: Math.tanh,
  Softplus: (v) => Math.log1p(Math.exp(v)),
  Exp: Math.exp,
  Log: Math.log,
  Erf: erf,
  Clip01: (v) => Math.min(1, Math.max(0, v)),
  Reciprocal: (v) => 1 / v,
};

function valueOf(sum: Sum, x: number): number {
  const factorOf = (factor: Factor): number =>
    factor === 'x' ? x : FUNCTIONS[factor.name]!(valueOf(factor.of, x));
  return sum.reduce(
    (total, { coefficient, factors }) =>
      total + factors.reduce((product, factor) => product * factorOf(factor), coefficient),
    0,
  );
}

for (const [kind, text] of ACTIVATION_FORMULAS) {
  test(`${kind} is ${text}`, (t) => {
    const formula = parseFormula(text);
    const activation = activationOfFormula(formula, 0)!;
    t.is(activation.kind, kind);
    const points = Float64Array.from({ length: 401 }, (_, i) => (i - 200) / 20);
    const expected = points.slice();
    activateInPlace(activation, expected);
    points.forEach((x, i) => {
      // Sums like 1 + tanh cancel where the loops do not: rounding of numbers up to |x|.
      t.true(Math.abs(valueOf(formula, x) - expected[i]!) <= 1e-14 * Math.max(1, Math.abs(x)));
    });
  });
}
