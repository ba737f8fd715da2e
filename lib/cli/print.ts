import colors from 'picocolors';

import { EXIT } from './exit-codes.js';
import { safe } from './text.js';

/** Colours on a terminal that wants them, plain text elsewhere. */
export type Palette = ReturnType<typeof colors.createColors>;

/** Whether a stream is a terminal on which colours and bars are welcome (https://no-color.org). */
export function isColorful(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, TERM } = process.env;
  // Of a pipe, isTTY is undefined.
  return stream.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

export const outColors: Palette = colors.createColors(isColorful(process.stdout));
export const noteColors: Palette = colors.createColors(isColorful(process.stderr));

/**
 * A reader that closed its end (`| head -1`) is no error of ours: what is left is not printed,
 * and the work at hand is finished. Results that a full disk took (`> report.json`) are an error.
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

/** Warnings of the library, and of Node, in our form and without advice on how to debug Node. */
export function showWarnings(): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ message }) => {
    note(`${noteColors.yellow('warning')}: ${safe(message)}`);
  });
}

/** A line of results. Names in it have gone through safe() already. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A line beside the results: progress, warnings, errors. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printError(code: string, message: string): void {
  note(`${noteColors.red('error')} ${code}: ${safe(message)}`);
}

/**
 * The one document of --json. What is not known is null, so that every key is always there;
 * numbers that JSON lacks (NaN, infinities) are strings.
 */
export function printJson(document: unknown): void {
  const text = JSON.stringify(document, jsonValue, 2);
  // Inside strings JSON.stringify escapes only what JSON must; a terminal minds more.
  print(text.split('\n').map(safe).join('\n'));
}

function jsonValue(_key: string, value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') return Number(value);
  return value;
}
