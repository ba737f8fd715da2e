// Arithmetic on formulas in one variable, expanded to a normal form: formulas that differ only in
// the order of operands or in a factor multiplied out become equal.

/** A sum of terms; the empty sum is 0. */
export type Sum = readonly Term[];

/** A number times sorted factors. */
export interface Term {
  readonly coefficient: number;
  readonly factors: readonly Factor[];
}

/** The variable, or a function of a sum. */
export type Factor = 'x' | { readonly name: string; readonly of: Sum };

/** A limit: products of more terms than any activation formula has are given up. */
const MAX_TERMS = 16;

export const X: Sum = [{ coefficient: 1, factors: ['x'] }];

export function constant(value: number): Sum {
  return value === 0 ? [] : [{ coefficient: value, factors: [] }];
}

/** The value of a sum that is a plain number, else undefined. */
export function numberOf(sum: Sum): number | undefined {
  if (sum.length === 0) return 0;
  return sum.length === 1 && sum[0]!.factors.length === 0 ? sum[0]!.coefficient : undefined;
}

/** A call of a function that has no further rules. */
export function call(name: string, of: Sum): Sum {
  return [{ coefficient: 1, factors: [{ name, of }] }];
}

/**
 * min(max(of, low), high), rewritten with limits 0 and 1 so that Clip and HardSigmoid look alike.
 */
export function clip(of: Sum, low: number, high: number): Sum | undefined {
  const width = high - low;
  if (!(width > 0) || !Number.isFinite(width)) return undefined;
  const unit = scale(add(of, constant(-low)), 1 / width);
  return add(constant(low), scale(call('Clip01', unit), width));
}

export function add(a: Sum, b: Sum): Sum {
  return collect([...a, ...b]);
}

export function scale(sum: Sum, by: number): Sum {
  return collect(sum.map((term) => ({ ...term, coefficient: term.coefficient * by })));
}

/** The product of two sums; undefined where it has too many terms. */
export function multiply(a: Sum, b: Sum): Sum | undefined {
  if (a.length * b.length > MAX_TERMS) return undefined;
  return collect(
    a.flatMap((one) =>
      b.map((other) => ({
        coefficient: one.coefficient * other.coefficient,
        factors: [...one.factors, ...other.factors].sort(byText),
      })),
    ),
  );
}

/** 1 / of. */
export function reciprocal(of: Sum): Sum {
  const value = numberOf(of);
  return value === undefined ? call('Reciprocal', of) : constant(1 / value);
}

/**
 * Whether two sums are the same formula, with numbers that differ by a factor within 1 +-
 * tolerance.
 */
export function matches(a: Sum, b: Sum, tolerance: number): boolean {
  if (a.length !== b.length) return false;
  return a.every((term, at) => {
    const { coefficient, factors } = b[at]!;
    return (
      Math.abs(term.coefficient - coefficient) <= tolerance * Math.abs(coefficient) &&
      term.factors.length === factors.length &&
      term.factors.every((factor, i) => sameFactor(factor, factors[i]!, tolerance))
    );
  });
}

function sameFactor(a: Factor, b: Factor, tolerance: number): boolean {
  if (a === 'x' || b === 'x') return a === b;
  return a.name === b.name && matches(a.of, b.of, tolerance);
}

/** Adds up terms of equal factors, drops those that cancel, and sorts. */
function collect(terms: readonly Term[]): Sum {
  const sums = new Map<string, Term>();
  for (const term of terms) {
    const key = term.factors.map((factor) => textOf(factor, true)).join('*');
    const coefficient = term.coefficient + (sums.get(key)?.coefficient ?? 0);
    sums.set(key, { ...term, coefficient });
  }
  return [...sums.values()]
    .filter(({ coefficient }) => coefficient !== 0)
    .sort((a, b) => compare(termText(a), termText(b)) || a.coefficient - b.coefficient);
}

/**
 * A factor as text, with or without its numbers. Sorting by the text without them keeps the order
 * independent of their last digits.
 */
function textOf(factor: Factor, numbers: boolean): string {
  if (factor === 'x') return 'x';
  const terms = factor.of.map((term) => {
    const factors = term.factors.map((inner) => textOf(inner, numbers)).join('*');
    return numbers ? `${term.coefficient}*${factors}` : factors;
  });
  return `${factor.name}(${terms.join('+')})`;
}

function termText(term: Term): string {
  return term.factors.map((factor) => textOf(factor, false)).join('*');
}

function byText(a: Factor, b: Factor): number {
  return compare(textOf(a, false), textOf(b, false)) || compare(textOf(a, true), textOf(b, true));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
