import { defaultParameters } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { floatOf } from '../ops/schema.js';
import { add, call, clip, constant, multiply, reciprocal, scale, type Sum } from './polynomial.js';

/** What is known of an operand: its formula, or that it is a constant number. */
export type Operand = { readonly formula: Sum } | { readonly number: number } | undefined;

/** Operators of one operand that appear in formulas under their own name. */
const CALLS: readonly string[] = ['Sigmoid', 'Tanh', 'Erf', 'Softplus', 'Exp', 'Log'];

/**
 * The formula of a node's output in terms of its inputs' formulas. Undefined where an input is
 * unknown or no activation formula uses the operator.
 */
export function formulaOf(node: Node, operandOf: (value: Value) => Operand): Sum | undefined {
  const operand = (index: number): Sum | undefined => {
    const value = node.optionalInput(index);
    const known = value && operandOf(value);
    if (known === undefined) return undefined;
    return 'number' in known ? constant(known.number) : known.formula;
  };
  if (!node.is(node.opType)) return undefined;
  const a = operand(0);
  if (a === undefined) return undefined;
  if (CALLS.includes(node.opType)) return call(node.opType, a);
  switch (node.opType) {
    case 'Neg':
      return scale(a, -1);
    case 'Reciprocal':
      return reciprocal(a);
    case 'HardSigmoid': {
      const defaults = defaultParameters('hard-sigmoid');
      const alpha = floatOf(node, 'alpha', defaults.alpha);
      const beta = floatOf(node, 'beta', defaults.beta);
      return clip(add(scale(a, alpha), constant(beta)), 0, 1);
    }
    case 'Clip':
      return clipOf(node, a, operandOf);
    case 'Pow':
      return power(a, numberAt(node, 1, operandOf));
  }
  const b = operand(1);
  if (b === undefined) return undefined;
  switch (node.opType) {
    case 'Add':
    case 'Sum':
      return node.inputs.length === 2 ? add(a, b) : undefined;
    case 'Sub':
      return add(a, scale(b, -1));
    case 'Mul':
      return multiply(a, b);
    case 'Div':
      return multiply(a, reciprocal(b));
    default:
      return undefined;
  }
}

/** Requires both limits: attributes below opset 11, constant inputs from there on. */
function clipOf(node: Node, a: Sum, operandOf: (value: Value) => Operand): Sum | undefined {
  const bound = (name: string, index: number): number | undefined =>
    node.opset < 11 ? node.attribute(name, 'float') : numberAt(node, index, operandOf);
  const [low, high] = [bound('min', 1), bound('max', 2)];
  return low === undefined || high === undefined ? undefined : clip(a, low, high);
}

function power(base: Sum, exponent: number | undefined): Sum | undefined {
  const square = exponent === 2 || exponent === 3 ? multiply(base, base) : undefined;
  return exponent === 3 ? square && multiply(square, base) : square;
}

function numberAt(
  node: Node,
  index: number,
  operandOf: (value: Value) => Operand,
): number | undefined {
  const value = node.optionalInput(index);
  const known = value && operandOf(value);
  return known !== undefined && 'number' in known ? known.number : undefined;
}
