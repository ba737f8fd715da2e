import type { FileReport } from '../api/report.js';
import { markup, name, type Markup } from './markup.js';
import { count } from './numbers.js';
import { table, type Row } from './table.js';

/** The number of operators that are shown at once. The others are in a closed <details> element. */
const FIRST = 20;

interface Operator {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** The number of nodes of each operator before and after fusing, as numbers and as bars. */
export function operators({ before, after }: FileReport): Markup | undefined {
  if (before === undefined || after === undefined) return undefined;
  const was = new Map(Object.entries(before.ops));
  const is = new Map(Object.entries(after.ops));
  const all = [...new Set([...was.keys(), ...is.keys()])]
    .map((op): Operator => ({ name: op, before: was.get(op) ?? 0, after: is.get(op) ?? 0 }))
    .sort((a, b) => most(b) - most(a) || (a.name < b.name ? -1 : 1));
  if (all.length === 0) return undefined;
  const largest = most(all[0]!);
  const rest = all.slice(FIRST);
  const more =
    rest.length === 0
      ? undefined
      : markup`<details>
<summary>${String(rest.length)} more operators</summary>
${operatorTable('More operators', rest, largest)}</details>
`;
  const caption = 'Operators. Upper bar: before; lower bar: after.';
  return markup`${operatorTable(caption, all.slice(0, FIRST), largest)}${more}`;
}

function operatorTable(caption: string, shown: readonly Operator[], largest: number): Markup {
  const columns = [
    { title: 'operator' },
    { title: 'before', kind: 'right' },
    { title: 'after', kind: 'right' },
    { title: 'bars', kind: 'wide' },
  ] as const;
  const rows = shown.map((op): Row => [
    name(op.name),
    count(op.before),
    count(op.after),
    bars(op, largest),
  ]);
  return table(caption, columns, rows);
}

/** Two bars, before and after. Screen readers skip them, since the numbers are in the same row. */
function bars({ before, after }: Operator, largest: number): Markup {
  const width = (nodes: number): string => ((nodes / largest) * 100).toFixed(1);
  return markup`<svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"><rect class="was" width="${width(before)}" height="5"/><rect class="is" y="7" width="${width(after)}" height="5"/></svg>`;
}

function most({ before, after }: Operator): number {
  return Math.max(before, after);
}
