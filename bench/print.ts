import Table from 'cli-table3';

import type { Spread } from '#convfuse/api/measure.js';

/** median (low-high), the latter the quartiles. */
export function spread({ median, low, high }: Spread): string {
  const digits = median >= 100 ? 0 : median >= 10 ? 1 : 2;
  const [m, l, h] = [median, low, high].map((value) => value.toFixed(digits));
  return `${m} (${l}-${h})`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const out = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) out.push([...row]);
  return out.toString();
}
