// Text for users: numbers in a few digits, and names from files made harmless.

import type { Spread } from '../index.js';

/**
 * Control characters, including line ends, and marks that change the direction of writing. A name
 * from a model could otherwise drive the terminal or forge a line of output.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A name or message with unsafe characters written as \u001b and the like. */
export function safe(text: string): string {
  return text.replace(UNSAFE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Bytes, in a unit that needs about three digits. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return '?';
  if (bytes < 1024) return `${bytes} B`;
  const exponent = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const unit = ['B', 'KiB', 'MiB', 'GiB', 'TiB'][exponent];
  return `${(bytes / 1024 ** exponent).toFixed(2)} ${unit}`;
}

/** Large counts: 12, 1.23 k, 4.56 M, 7.89 G. */
export function countText(count: number | undefined): string {
  if (count === undefined) return '?';
  if (count < 1000) return String(count);
  const exponent = Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** exponent).toFixed(2)} ${['', 'k', 'M', 'G', 'T'][exponent]}`;
}

/** An error measure: exact 0, or two digits. */
export function errorText(value: number | undefined): string {
  if (value === undefined) return '-';
  return value === 0 ? '0' : value.toExponential(1);
}

export function millisecondsText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** median (low-high), the latter the quartiles. */
export function spreadText(spread: Spread): string {
  const { median, low, high } = spread;
  const digits = median >= 100 ? 0 : median >= 10 ? 1 : 2;
  if (low === high) return median.toFixed(digits);
  return `${median.toFixed(digits)} (${low.toFixed(digits)}-${high.toFixed(digits)})`;
}

/** `1 model`, `2 models`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A message with the name of its file, unless it contains that already. */
export function withName(file: string, message: string): string {
  return message.includes(file) ? message : `${file}: ${message}`;
}
