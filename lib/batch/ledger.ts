import {
  inputDifference,
  outputDataDiffers,
  outputHash,
  type FileContent,
} from '../api/content.js';
import type { FileReport } from '../api/report.js';
import { version } from '../version.js';
import type { FileOptions } from './fuse-file.js';
import type { JournalRecord } from './journal-record.js';
import type { Job } from './plan-outputs.js';

/** The journal as the work on one model sees it: records of earlier runs, and a way to add one. */
export interface Ledger {
  /** The key of the output in the journal. */
  readonly key: string;
  /** Records of earlier runs about the output, the latest last; undefined without `resume`. */
  readonly earlier: readonly JournalRecord[] | undefined;
  /** Resolves when the record is on the disk, or when it could not be written. */
  vouch(record: JournalRecord): Promise<void>;
  note(text: string): void;
}

/** What earlier runs have left of a model's output. */
export interface Finding {
  /** The report of a model that is finished. */
  readonly report?: FileReport;
  /** Why the model is not finished, if there are records about it. */
  readonly reason?: string;
  /** Whether convfuse wrote the existing output, which may then be replaced. */
  readonly vouched: boolean;
}

/**
 * Decides whether a model is finished: some record has the same options and version, and the input, the
 * output and their data files have the hashes of that record.
 *
 * @param options hash of the options, see fingerprint.ts
 */
export async function findFinished(
  job: Job,
  earlier: readonly JournalRecord[],
  options: string,
  { allowSymlinks = false }: FileOptions,
): Promise<Finding> {
  let vouched = false;
  let reason: string | undefined;
  const output = await outputHash(job.output);
  for (const record of [...earlier].reverse()) {
    // A run that was killed may have left a record without its output. The existing output is then
    // that of an earlier record.
    if (output !== undefined && record.output?.sha256 === output) vouched = true;
    const why =
      optionsReason(record, options) ??
      (await outputReason(job.output, record.output, output)) ??
      (await inputReason(job.input, record.input, allowSymlinks));
    if (why === undefined) return { report: taken(job, record), vouched };
    reason ??= why;
  }
  return { vouched, ...(reason !== undefined && { reason }) };
}

function optionsReason(record: JournalRecord, options: string): string | undefined {
  if (record.version !== version) return `it was fused by convfuse ${record.version}`;
  return record.options === options ? undefined : 'it was fused with other options';
}

async function outputReason(
  file: string,
  known: FileContent | undefined,
  hash: string | undefined,
): Promise<string | undefined> {
  if (hash === undefined) return known === undefined ? undefined : 'its output is missing';
  if (hash !== known?.sha256) return 'its output differs from its record';
  return (await outputDataDiffers(file, known))
    ? 'the data file of its output differs from its record'
    : undefined;
}

async function inputReason(
  file: string,
  known: FileContent,
  allowSymlinks: boolean,
): Promise<string | undefined> {
  const difference = await inputDifference(file, known, { allowSymlinks });
  if (difference === undefined) return undefined;
  return difference === 'model' ? 'the model has changed' : 'its external data has changed';
}

/** The report of a record, with the paths of this run. */
function taken({ input, output }: Job, record: JournalRecord): FileReport {
  const written = record.output === undefined ? undefined : output;
  return { ...record.report, input, output: written, resumed: true };
}
