import Table from 'cli-table3';

import { outColors } from './print.js';

const PLACES = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'],
  ...['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
];

/**
 * Columns under a heading, without lines around them: good to read and good to cut. Cells have
 * gone through safe() already.
 *
 * @param right columns that stand to the right: numbers
 */
export function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const table = new Table({
    head: head.map((title) => outColors.bold(title)),
    colAligns: head.map((_title, column) => (right.includes(column) ? 'right' : 'left')),
    chars: { ...Object.fromEntries(PLACES.map((place) => [place, ''])), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}
