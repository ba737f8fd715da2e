import type { Inspection, SignatureEntry } from '../index.js';
import { siteText } from './fuse-text.js';
import { outColors, print } from './print.js';
import { tableText } from './table.js';
import { bytesText, countText, plural, safe } from './text.js';

/** Prints the result of `inspect` for one model. */
export function printInspection(input: string, found: Inspection, explain: boolean): void {
  const { summary, fused } = found;
  print(outColors.bold(safe(input)));
  field('format', `IR ${found.irVersion}, opset ${opsetText(found.opsets)}`);
  if (found.producer !== '') field('producer', safe(found.producer));
  for (const entry of found.inputs) field('input', signatureText(entry));
  for (const entry of found.outputs) field('output', signatureText(entry));
  field('nodes', `${summary.nodes}${nestedText(found)}`);
  field('parameters', countText(summary.parameters));
  field('size', bytesText(summary.bytes));
  for (const { type, tensors, bytes } of found.weights) {
    field('weights', `${bytesText(bytes)} of ${type} in ${plural(tensors, 'tensor')}`);
  }
  field('memory', changeText(found.peakBytes, undefined, bytesText));
  field('MACs', changeText(summary.macs, fused?.macs, countText));
  field('launches', changeText(summary.launches, fused?.launches, String));
  field('traffic', changeText(summary.trafficBytes, fused?.trafficBytes, bytesText));
  print('');
  print(opTable(found));
  print('');
  print(verdictText(found));
  if (explain) for (const site of found.sites) print(`  ${siteText(site)}`);
  print('');
}

function field(name: string, value: string): void {
  print(`  ${name.padEnd(11)}${value}`);
}

function opsetText(opsets: Readonly<Record<string, number>>): string {
  return Object.entries(opsets)
    .map(([domain, version]) => (domain === '' ? String(version) : `${safe(domain)} ${version}`))
    .join(', ');
}

function signatureText({ name, type, dims, optional }: SignatureEntry): string {
  const shape = dims === undefined ? 'shape unknown' : dims.map((dim) => dim ?? '?').join('x');
  const kind = optional ? ', an initializer by default' : '';
  return safe(`${name}: ${type ?? 'type unknown'} ${shape === '' ? 'scalar' : shape}${kind}`);
}

function nestedText({ bodies, functions }: Inspection): string {
  const parts = [
    ...(bodies > 0 ? [`${bodies} nested graphs`] : []),
    ...(functions > 0 ? [plural(functions, 'function')] : []),
  ];
  return parts.length === 0 ? '' : `, ${parts.join(', ')}`;
}

function changeText(
  before: number | undefined,
  after: number | undefined,
  text: (value: number) => string,
): string {
  if (before === undefined) return 'unknown: shapes are not fully known';
  return after === undefined || after === before
    ? text(before)
    : `${text(before)}, fused ${text(after)}`;
}

function opTable({ summary, fused }: Inspection): string {
  const names = Object.keys(summary.ops).sort();
  const rows = names.map((name) => [
    `  ${safe(name)}`,
    String(summary.ops[name]),
    fused === undefined ? '-' : String(fused.ops[name] ?? 0),
  ]);
  return tableText(['  operator', 'count', 'fused'], rows, [1, 2]);
}

/** The number of sites that would fuse, and of the others by reason. */
function verdictText({ sites, refusal }: Inspection): string {
  if (refusal !== undefined) return `  would not be fused: ${safe(refusal.message)}`;
  const fused = sites.filter(({ verdict }) => verdict === 'fused').length;
  const reasons = new Map<string, number>();
  for (const { verdict, reason = 'pattern' } of sites) {
    if (verdict === 'skipped') reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const stay = [...reasons].map(([reason, count]) => `${reason} ${count}`);
  const why = stay.length === 0 ? '' : ` (${stay.join(', ')})`;
  return `  ${plural(sites.length, 'site')}: ${fused} would fuse, ${sites.length - fused} stay${why}`;
}
