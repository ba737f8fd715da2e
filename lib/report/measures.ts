import type { FileReport, ModelSummary } from '../api/report.js';
import { markup, type Markup } from './markup.js';
import { change, count } from './numbers.js';
import { table, type Column, type Row } from './table.js';

interface Measure {
  readonly title: string;
  readonly of: (summary: ModelSummary) => number | undefined;
}

const MEASURES: readonly Measure[] = [
  { title: 'nodes', of: ({ nodes }) => nodes },
  { title: 'parameters', of: ({ parameters }) => parameters },
  { title: 'bytes of the file', of: ({ bytes }) => bytes },
  { title: 'launches', of: ({ launches }) => launches },
  { title: 'bytes of traffic', of: ({ trafficBytes }) => trafficBytes },
  { title: 'MACs', of: ({ macs }) => macs },
];

const COLUMNS: readonly Column[] = [
  { title: 'measure' },
  { title: 'before', kind: 'right' },
  { title: 'after', kind: 'right' },
  { title: 'change', kind: 'right' },
];

/** The measures of one model, before and after fusing. */
export function measures({ before, after }: FileReport): Markup | undefined {
  if (before === undefined || after === undefined) return undefined;
  const rows = MEASURES.map(({ title, of }): Row => {
    const [was, is] = [of(before), of(after)];
    return [title, count(was), count(is), change(was, is)];
  });
  return table('Before and after', COLUMNS, rows);
}

/** Sums over all models that did not fail. Each sum includes only models whose values are known. */
export function totals(models: readonly FileReport[]): Markup {
  const sound = models.filter(({ status }) => status !== 'failed');
  const rows = MEASURES.map(({ title, of }): Row => {
    let [was, is, known] = [0, 0, 0];
    for (const { before, after } of sound) {
      const pair = [before && of(before), after && of(after)];
      if (pair[0] === undefined || pair[1] === undefined) continue;
      was += pair[0];
      is += pair[1];
      known += 1;
    }
    const heading =
      known === sound.length
        ? title
        : markup`${title} <small>(of ${String(known)} models: unknown for the others)</small>`;
    return [heading, count(was), count(is), change(was, is)];
  });
  return table('All models that did not fail, together', COLUMNS, rows);
}
