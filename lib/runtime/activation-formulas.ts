import type { Activation, ActivationKind } from '../backend/activation.js';
import { parseFormula } from './formula.js';
import { matches, type Sum } from './polynomial.js';

/**
 * Activations that model files write as several nodes. Formulas are compared in normal form, so a
 * different order of operands, a factor multiplied out, a division instead of a product, or Clip
 * instead of HardSigmoid needs no entry of its own.
 *
 * SiLU and GELU: Hendrycks and Gimpel, Gaussian Error Linear Units (2016), also the tanh form with
 * its 0.044715; hard-swish: Howard et al., Searching for MobileNetV3 (2019); Mish: Misra (2019).
 */
export const ACTIVATION_FORMULAS = [
  ['silu', 'x * Sigmoid(x)'],
  ['silu', 'x / (1 + Exp(-x))'],
  ['hard-swish', 'x * Clip(x + 3, 0, 6) / 6'],
  ['hard-sigmoid', 'Clip(x + 3, 0, 6) / 6'],
  ['gelu', '0.5 * x * (1 + Erf(x / sqrt(2)))'],
  ['gelu-tanh', '0.5 * x * (1 + Tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))'],
  ['mish', 'x * Tanh(Softplus(x))'],
  ['mish', 'x * Tanh(Log(1 + Exp(x)))'],
] as const satisfies readonly (readonly [ActivationKind, string])[];

const FORMULAS: readonly (readonly [ActivationKind, Sum])[] = ACTIVATION_FORMULAS.map(
  ([kind, text]) => [kind, parseFormula(text)],
);

/**
 * The activation that a formula computes, or undefined when it is none of the known ones.
 *
 * @param tolerance largest relative error allowed in the numbers of the formula
 */
export function activationOfFormula(formula: Sum, tolerance: number): Activation | undefined {
  const kind = FORMULAS.find(([, known]) => matches(formula, known, tolerance))?.[0];
  if (kind === undefined) return undefined;
  if (kind === 'hard-sigmoid') return { kind, alpha: 1 / 6, beta: 0.5 };
  return { kind, alpha: 0, beta: 0 };
}
