// Parsers for values of flags. They throw commander's InvalidArgumentError: exit code 2.

import { InvalidArgumentError } from 'commander';

export function positiveInteger(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('Expected a whole number > 0.');
  return value;
}

/** `1,2,8` */
export function positiveIntegers(text: string): number[] {
  return text.split(',').map((part) => positiveInteger(part.trim()));
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('Expected a whole number.');
  }
  return value;
}

/** A tolerance or a duration. */
export function nonNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('Expected a number >= 0.');
  }
  return value;
}

export function positive(text: string): number {
  const value = nonNegative(text);
  if (value === 0) throw new InvalidArgumentError('Expected a number > 0.');
  return value;
}

/** A file or a folder. */
export function path(text: string): string {
  if (text === '') throw new InvalidArgumentError('Expected a path.');
  return text;
}

/** The name of a page. Other endings are refused: with --force, a slip would overwrite a model. */
export function htmlFile(text: string): string {
  if (!/[^/\\]\.html?$/i.test(text)) throw new InvalidArgumentError('Expected FILE.html.');
  return text;
}

/** `RULE,...`; the flag may be given more than once. */
export function nameList(text: string, before: readonly string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Expected names with commas between.');
  return [...before, ...names];
}

/** `NAME=1x3x224x224`. Only the name may contain a =, so the last one separates. */
export function namedShape(
  text: string,
  before: ReadonlyMap<string, readonly number[]> = new Map(),
): Map<string, readonly number[]> {
  const at = text.lastIndexOf('=');
  const dims = text
    .slice(at + 1)
    .split('x')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : NaN));
  if (at < 1 || !dims.every(Number.isSafeInteger)) {
    throw new InvalidArgumentError('Expected NAME=1x3x224x224.');
  }
  return new Map(before).set(text.slice(0, at), dims);
}

/** `NAME=FILE`. Paths contain a = more often than input names do, so the first one separates. */
export function namedFile(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('Expected NAME=FILE.');
  const name = text.slice(0, at);
  if (before.has(name)) throw new InvalidArgumentError(`Input ${name} was given twice.`);
  return new Map(before).set(name, text.slice(at + 1));
}
