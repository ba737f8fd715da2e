import colors from 'picocolors';

import { EXIT } from './exit-codes.js';
import { safe } from './text.js';

/** Functions that colour text on a terminal that supports it, and else return it unchanged. */
export type Palette = ReturnType<typeof colors.createColors>;

/** Whether a stream is a terminal on which colours and bars are welcome (https://no-color.org). */
export function isColorful(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, TERM } = process.env;
  // isTTY is undefined for a pipe.
  return stream.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

export const outColors: Palette = colors.createColors(isColorful(process.stdout));
export const noteColors: Palette = colors.createColors(isColorful(process.stderr));

/**
 * Handles errors of the output streams. A reader that closed its end (`| head -1`) is not an error:
 * the rest is not printed, and the work is finished. Results that a full disk cannot take are one.
 */
export function watchOutput(): void {
  process.stdout.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return;
    printError('ERR_IO', `cannot write the results: ${code}`);
    process.once('exit', () => {
      process.exitCode ||= EXIT.error;
    });
  });
  // There is nobody left to tell.
  process.stderr.on('error', () => undefined);
}

/** Shows warnings in the form of this program, without Node's advice on how to debug Node. */
export function showWarnings(): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ message }) => {
    note(`${noteColors.yellow('warning')}: ${safe(message)}`);
  });
}

/** Prints a line of results. Names in it must have gone through safe(). */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line that is no result: progress, warnings, errors. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printError(code: string, message: string): void {
  note(`${noteColors.red('error')} ${code}: ${safe(message)}`);
}

/**
 * Prints the document of --json. Unknown values are null, so that every key is always there;
 * numbers that JSON lacks (NaN, infinities) are strings.
 */
export function printJson(document: unknown): void {
  const text = JSON.stringify(document, jsonValue, 2);
  // JSON.stringify escapes only what JSON requires; terminals need more.
  print(text.split('\n').map(safe).join('\n'));
}

function jsonValue(_key: string, value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') return Number(value);
  return value;
}
