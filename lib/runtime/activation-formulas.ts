import type { Activation, ActivationKind } from '../backend/activation.js';
import { parseFormula } from './formula.js';
import { matches, type Sum } from './polynomial.js';

/**
 * Activations that files spell out in several nodes. The order of operands, factors multiplied
 * out, a division for a product and HardSigmoid for Clip need no line of their own: formulas are
 * compared in normal form.
 *
 * SiLU and GELU: Hendrycks and Gimpel, Gaussian Error Linear Units (2016), the tanh form with its
 * 0.044715 too; hard-swish: Howard et al., Searching for MobileNetV3 (2019); Mish: Misra (2019).
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
 * The activation that a formula is.
 *
 * @param tolerance how far, relatively, its numbers may be from the exact ones
 */
export function activationOfFormula(formula: Sum, tolerance: number): Activation | undefined {
  const kind = FORMULAS.find(([, known]) => matches(formula, known, tolerance))?.[0];
  if (kind === undefined) return undefined;
  if (kind === 'hard-sigmoid') return { kind, alpha: 1 / 6, beta: 0.5 };
  return { kind, alpha: 0, beta: 0 };
}
