import Table from 'cli-table3';

import { outColors } from './print.js';

const PLACES = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'],
  ...['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
];

/**
 * A table without lines around its cells, which is easy to read and to cut into columns. Cells must
 * have gone through safe().
 *
 * @param right indices of right-aligned columns: numbers
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
