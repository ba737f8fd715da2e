import { createHash } from 'node:crypto';

import type { FileReport } from '../api/report.js';
import { markup, name, sentence, type Markup } from './markup.js';
import { totals } from './measures.js';
import { anchor, modelSection, status } from './model.js';
import { count, milliseconds, small } from './numbers.js';
import type { FuseRun } from './run.js';
import { STYLE } from './style.js';
import { facts, table, type Column, type Row } from './table.js';

/**
 * The report of a run as one HTML page, in pieces. The page loads nothing and runs no script; whatever
 * comes from a model is escaped text.
 */
export function* page(run: FuseRun): Generator<string, void, undefined> {
  yield markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta http-equiv="Content-Security-Policy" content="${POLICY}"/>
<title>convfuse: ${outcome(run)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>What convfuse fused</h1>
<p>${outcome(run)}</p>
${run.interrupted ? interruption(run) : undefined}</header>
<main>
`.text;
  yield markup`${counts(run)}${totals(run.models)}${list(run.models)}`.text;
  for (const [index, report] of run.models.entries()) yield modelSection(report, index).text;
  yield markup`<section aria-labelledby="run-title">
<h2 id="run-title">How it was run</h2>
${options(run)}${machine(run)}</section>
</main>
</body>
</html>
`.text;
}

/** Allows only the style sheet, by its hash: even a name that was not escaped could load and run nothing. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE.text).digest('base64')}'`;

/** `3 models: 2 fused, 1 failed` */
function outcome({ models }: FuseRun): string {
  const parts = (['fused', 'unchanged', 'failed'] as const).map(
    (became) => [models.filter(({ status: is }) => is === became).length, became] as const,
  );
  const words = parts.filter(([number]) => number > 0).map((part) => part.join(' '));
  const number = models.length === 1 ? '1 model' : `${models.length} models`;
  return words.length === 0 ? number : `${number}: ${words.join(', ')}`;
}

function interruption({ models, found }: FuseRun): Markup {
  const rest = found - models.length;
  const others = rest === 1 ? '1 other was not' : `${rest} others were not`;
  return markup`<p class="failed">The run was interrupted: ${others} finished.</p>
`;
}

function counts({ models, found }: FuseRun): Markup {
  const number = (became: FileReport['status']): Markup =>
    count(models.filter(({ status: is }) => is === became).length);
  const resumed = models.filter((report) => report.resumed === true).length;
  return facts('Summary', [
    ['models', count(found)],
    ['fused', number('fused')],
    ['unchanged', number('unchanged')],
    ['failed', number('failed')],
    ...(resumed > 0 ? [['finished by an earlier run', count(resumed)] as const] : []),
  ]);
}

const MODEL_COLUMNS: readonly Column[] = [
  { title: 'model' },
  { title: 'status' },
  { title: 'nodes', kind: 'right' },
  { title: 'bytes', kind: 'right' },
  { title: 'relative L2 error', kind: 'right' },
  { title: 'time', kind: 'right' },
];

/** The table of all models, with links to their sections. */
function list(models: readonly FileReport[]): Markup {
  const rows = models.map((report, index): Row => {
    const { input, before, after, verification, milliseconds: taken } = report;
    const time = Object.values(taken).reduce((sum, part) => sum + part, 0);
    return [
      markup`<a href="#${anchor(index)}">${name(input)}</a>`,
      status(report),
      change(before?.nodes, after?.nodes),
      change(before?.bytes, after?.bytes),
      verification?.relL2 === undefined ? '' : small(verification.relL2),
      milliseconds(time),
    ];
  });
  return markup`<section id="models" aria-label="Models">
${table('Models', MODEL_COLUMNS, rows)}</section>
`;
}

function change(before: number | undefined, after: number | undefined): Markup | string {
  if (before === undefined) return '';
  if (after === undefined || after === before) return count(before);
  return markup`${count(before)} to ${count(after)}`;
}

function options({ options: given, version }: FuseRun): Markup {
  return facts('Options', [
    ['version', version],
    ...given.map((option) => [name(option.name), sentence(option.value)] as const),
  ]);
}

function machine({ machine: info }: FuseRun): Markup {
  const { backend, cpu, cores, node, platform, caches } = info;
  const sizes = caches.map(
    ({ level, bytes }) => `L${level} ${bytes.toLocaleString('en-US')} bytes`,
  );
  return facts('Machine', [
    ['backend', `${backend.name} (${backend.reason})`],
    ['ISA', backend.isa],
    ['threads', `${backend.threads} of ${cores} CPUs`],
    ['CPU', cpu],
    ['caches', sizes.join(', ') || 'unknown'],
    ['Node', `${node}, ${platform}`],
  ]);
}
