// A parser for formulas as people write them: numbers, x, pi, + - * /, whole powers, and calls.

import { ConvfuseError } from '../errors.js';
import {
  add,
  call,
  clip,
  constant,
  multiply,
  numberOf,
  reciprocal,
  scale,
  X,
  type Sum,
} from './polynomial.js';

/**
 * Parses a formula in x, such as `0.5 * x * (1 + Erf(x / sqrt(2)))`. `sqrt` takes a number, `Clip`
 * a formula and two limits; any other name is an ONNX operator applied to one formula.
 *
 * @throws ConvfuseError ERR_INTERNAL where the text is no formula: all formulas are part of the
 * source
 */
export function parseFormula(text: string): Sum {
  return new FormulaParser(text).all();
}

class FormulaParser {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/\d+(?:\.\d+)?|\w+|\S/g) ?? [];
  }

  all(): Sum {
    const sum = this.#sum();
    if (this.#at < this.#tokens.length) throw this.#error();
    return sum;
  }

  #sum(): Sum {
    let sum = this.#product();
    for (;;) {
      if (this.#take('+')) sum = add(sum, this.#product());
      else if (this.#take('-')) sum = add(sum, scale(this.#product(), -1));
      else return sum;
    }
  }

  #product(): Sum {
    let product = this.#power();
    for (;;) {
      if (this.#take('*')) product = this.#known(multiply(product, this.#power()));
      else if (this.#take('/')) product = this.#known(multiply(product, reciprocal(this.#power())));
      else return product;
    }
  }

  #power(): Sum {
    if (this.#take('-')) return scale(this.#power(), -1);
    const base = this.#primary();
    if (!this.#take('^')) return base;
    const exponent = Number(this.#tokens[this.#at++]);
    let power = base;
    for (let n = 1; n < exponent; n++) power = this.#known(multiply(power, base));
    return power;
  }

  #primary(): Sum {
    const token = this.#tokens[this.#at++] ?? '';
    if (/^\d/.test(token)) return constant(Number(token));
    if (token === 'x') return X;
    if (token === 'pi') return constant(Math.PI);
    if (token === '(') {
      const [inner] = this.#list();
      return inner!;
    }
    if (!/^\w+$/.test(token) || !this.#take('(')) throw this.#error();
    const [first, low, high] = this.#list();
    if (token === 'sqrt') return constant(Math.sqrt(this.#known(numberOf(first!))));
    if (token !== 'Clip') return call(token, first!);
    return this.#known(clip(first!, numberOf(low ?? [])!, numberOf(high ?? [])!));
  }

  /** Formulas separated by commas, up to the closing bracket. */
  #list(): Sum[] {
    const items = [this.#sum()];
    while (this.#take(',')) items.push(this.#sum());
    if (!this.#take(')')) throw this.#error();
    return items;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #known<T>(value: T | undefined): T {
    if (value === undefined) throw this.#error();
    return value;
  }

  #error(): ConvfuseError {
    const where = this.#tokens.slice(0, this.#at).join(' ');
    return new ConvfuseError('ERR_INTERNAL', `no formula: ${this.#text}, after ${where}`);
  }
}
