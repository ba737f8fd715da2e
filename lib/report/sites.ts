import type { FileReport, SiteReport } from '../api/report.js';
import { REASONS } from '../rewrite/reasons.js';
import { markup, name, sentence, type Markup } from './markup.js';
import { count, ratio, small } from './numbers.js';
import { table, type Column, type Row } from './table.js';

/** Up to this many sites, all groups are open at first. With more, only failed checks are. */
const FEW = 20;

interface Group {
  readonly title: string;
  /** 0 for failed checks, which are shown first, 1 for fused and 2 for skipped sites. */
  readonly order: number;
  readonly sites: SiteReport[];
}

/** The verdict on every site: fused ones grouped by rule, skipped ones by reason. */
export function sites({ sites: all }: FileReport): Markup {
  if (all.length === 0) {
    return markup`<p>No sites: the model has no node that a rule applies to.</p>
`;
  }
  const groups = new Map<string, Group>();
  for (const site of all) {
    const group = groupOf(site);
    const known = groups.get(group.title) ?? group;
    known.sites.push(site);
    groups.set(group.title, known);
  }
  const ordered = [...groups.values()].sort(
    (a, b) => a.order - b.order || b.sites.length - a.sites.length || (a.title < b.title ? -1 : 1),
  );
  return markup`${ordered.map((group) => details(group, all.length <= FEW))}`;
}

function groupOf({ verdict, rule, reason, check }: SiteReport): Group {
  // Written so that NaN fails.
  if (check !== undefined && !(check.error <= 1)) {
    return { title: `check failed: ${rule}`, order: 0, sites: [] };
  }
  if (verdict === 'fused') return { title: `fused: ${rule}`, order: 1, sites: [] };
  return { title: `skipped: ${reason ?? 'no reason'}`, order: 2, sites: [] };
}

function details({ title, order, sites: some }: Group, all: boolean): Markup {
  const number = some.length === 1 ? '1 site' : `${some.length} sites`;
  const worst = worstError(some);
  const proof =
    worst === undefined ? undefined : markup`, largest error ${ratio(worst)} of its bound`;
  const open = all || order === 0 ? markup` open="open"` : undefined;
  const reason = order === 2 ? some[0]!.reason : undefined;
  const meaning = reason === undefined ? undefined : meanings.get(reason);
  return markup`<details${open}>
<summary>${name(title)}: ${number}${proof}</summary>
${
  meaning === undefined
    ? undefined
    : markup`<p>${meaning}</p>
`
}${order === 2 ? skippedTable(title, some) : fusedTable(title, some)}</details>
`;
}

/** A Map, because a reason read from a journal may be any text, such as `constructor`. */
const meanings: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));

function worstError(some: readonly SiteReport[]): number | undefined {
  let worst: number | undefined;
  for (const { check } of some) {
    if (check === undefined || Number.isNaN(worst)) continue;
    if (worst === undefined || !(check.error <= worst)) worst = check.error;
  }
  return worst;
}

function fusedTable(title: string, some: readonly SiteReport[]): Markup {
  const columns: Column[] = [
    { title: 'node' },
    { title: 'into' },
    { title: 'detail', kind: 'wide' },
    { title: 'error / bound', kind: 'right' },
    { title: 'bound', kind: 'right' },
    { title: 'samples', kind: 'right' },
  ];
  const rows = some.map(({ node, into, detail, check }): Row => [
    name(node),
    into && name(into),
    detail && sentence(detail),
    ...(check === undefined
      ? ['not checked', '', '']
      : [ratio(check.error), small(check.bound), count(check.samples)]),
  ]);
  return table(name(title), columns, rows);
}

function skippedTable(title: string, some: readonly SiteReport[]): Markup {
  const columns: Column[] = [
    { title: 'node' },
    { title: 'rule' },
    { title: 'detail', kind: 'wide' },
  ];
  const rows = some.map(({ node, rule, detail }): Row => [
    name(node),
    name(rule),
    detail && sentence(detail),
  ]);
  return table(name(title), columns, rows);
}
