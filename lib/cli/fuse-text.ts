import type { FileReport, SiteReport } from '../index.js';
import { note, outColors, print, printError } from './print.js';
import { tableText } from './table.js';
import { bytesText, errorText, millisecondsText, plural, safe, withName } from './text.js';

/** Prints the table of a batch: counts of each model before and after. */
export function printSummary(reports: readonly FileReport[]): void {
  const rows = reports.map((report) => [
    safe(report.input),
    statusText(report),
    change(report, (summary) => summary.ops['Conv'] ?? 0),
    change(report, (summary) => summary.ops['BatchNormalization'] ?? 0),
    change(report, (summary) => summary.nodes),
    change(report, (summary) => summary.bytes, bytesText),
    errorText(report.verification?.relL2),
    millisecondsText(Object.values(report.milliseconds).reduce((sum, time) => sum + time, 0)),
    report.output === undefined ? '-' : safe(report.output),
  ]);
  const head = ['model', 'status', 'Conv', 'BN', 'nodes', 'size', 'error', 'time', 'output'];
  print(tableText(head, rows, [2, 3, 4, 5, 6, 7]));
}

function statusText({ status, resumed }: FileReport): string {
  const paint = {
    fused: outColors.green,
    unchanged: outColors.yellow,
    failed: outColors.red,
  }[status];
  return resumed === true ? `${paint(status)} (resumed)` : paint(status);
}

/** `35 -> 0`, or one number where it did not change or there is no result. */
function change(
  { before, after }: FileReport,
  pick: (summary: NonNullable<FileReport['before']>) => number,
  text: (value: number) => string = String,
): string {
  if (before === undefined) return '-';
  const was = text(pick(before));
  const is = after && text(pick(after));
  return is === undefined || was === is ? was : `${was} -> ${is}`;
}

/** Prints the verdict on every site, for --explain. */
export function printExplanations(reports: readonly FileReport[]): void {
  for (const report of reports) {
    if (reports.length > 1) print(outColors.bold(`${safe(report.input)}:`));
    if (report.sites.length === 0) print('no sites: the model has no node that a rule applies to');
    for (const site of report.sites) print(siteText(site));
    print('');
  }
}

/** One line for a site: verdict, node, and what it was fused into or why not. */
export function siteText(site: SiteReport): string {
  const node = safe(site.node);
  const detail = site.detail === undefined ? '' : safe(site.detail);
  if (site.verdict === 'skipped') {
    return `${outColors.yellow('skipped')}  ${node}: ${site.reason}: ${detail}`;
  }
  const into = site.into === undefined ? '' : ` into ${safe(site.into)}`;
  const more = detail === '' ? '' : ` (${detail})`;
  const check =
    site.check === undefined ? '' : `, error ${errorText(site.check.error)} of its bound`;
  return `${outColors.green('fused')}    ${node}${into}: ${site.rule}${check}${more}`;
}

/** Prints errors and notes on the results to stderr. */
export function printNotes(
  reports: readonly FileReport[],
  flags: { readonly verify: boolean; readonly dryRun?: true },
): void {
  for (const { input, error, verification, status, sites, after } of reports) {
    if (error !== undefined) printError(error.code, withName(input, error.message));
    const own = after?.ops['com.microsoft::FusedConv'] ?? 0;
    if (own > 0) {
      note(
        `note: ${safe(input)}: ${plural(own, 'convolution')} as com.microsoft FusedConv, which ` +
          'onnxruntime runs and other engines do not',
      );
    }
    const locked = sites.filter(({ reason }) => reason === 'overridable-input').length;
    if (locked > 0) {
      note(
        `note: ${safe(input)}: ${plural(locked, 'site')} kept, since initializers are also graph ` +
          'inputs; --constant-initializers treats them as constants',
      );
    }
    if (status === 'fused' && flags.verify && verification?.status === 'skipped') {
      const checked = sites.filter(({ check }) => check !== undefined).length;
      note(
        `note: ${safe(input)}: whole models were not compared: ${safe(verification.reason ?? '')} ` +
          `(${plural(checked, 'site')} checked)`,
      );
    }
  }
  const resumed = reports.filter((report) => report.resumed === true).length;
  if (resumed > 0) note(`note: ${plural(resumed, 'model')} finished by an earlier run`);
  if (flags.dryRun === true) note('note: --dry-run: nothing was written');
}
