import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { fuseModel, type FuseOptions } from '../api/fuse.js';
import { contentOf, type FileContent } from '../api/content.js';
import { loadModel } from '../api/load.js';
import { checkTarget } from '../api/output-target.js';
import type { FileReport, FuseReport } from '../api/report.js';
import { saveAnnounced } from '../api/save.js';
import { ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { version } from '../version.js';
import { describeFailure } from './failure.js';
import { fingerprint } from './fingerprint.js';
import { findFinished, type Finding, type Ledger } from './ledger.js';
import type { Job } from './plan-outputs.js';

/** How each file is read, fused and written. */
export interface FileOptions extends Omit<FuseOptions, 'signal' | 'onProgress'> {
  /** Replace an existing output. */
  readonly force?: boolean;
  /** Follow links to external data, but only to targets below the model's real folder. */
  readonly allowSymlinks?: boolean;
  /** Do everything but write. */
  readonly dryRun?: boolean;
}

/**
 * The progress of a file. `done` and `total` count sites in 'check' and runs in 'verify'; else they
 * are 0.
 */
export interface FileProgress {
  readonly input: string;
  readonly phase: 'queued' | 'read' | 'fuse' | 'check' | 'verify' | 'write';
  readonly done: number;
  readonly total: number;
}

/**
 * Reads one model, fuses it, checks it and writes it. It never throws because of the file or the
 * disk: a failure is a report with an error. Only an abort rejects.
 *
 * @param ledger records of earlier runs, and where this result is recorded before it is published
 */
export async function fuseFile(
  job: Job,
  options: FileOptions,
  signal?: AbortSignal,
  onProgress?: (progress: FileProgress) => void,
  ledger?: Ledger,
): Promise<FileReport> {
  const tell = (phase: FileProgress['phase'], done = 0, total = 0): void => {
    onProgress?.({ input: job.input, phase, done, total });
  };
  tell('read');
  const before = await finished(job, options, ledger);
  if (before.report !== undefined) return before.report;
  if (before.reason !== undefined) ledger?.note(`${job.input} is fused again: ${before.reason}`);
  const force = options.force === true || before.vouched;
  const report = await fuseAnew(job, { ...options, force }, signal, tell, ledger);
  if (report.error?.code !== 'ERR_OUTPUT') return report;
  // A worker of an earlier run that was killed may have published this very output just now.
  return (await finished(job, options, ledger)).report ?? report;
}

async function fuseAnew(
  job: Job,
  options: FileOptions,
  signal: AbortSignal | undefined,
  tell: (phase: FileProgress['phase'], done?: number, total?: number) => void,
  ledger: Ledger | undefined,
): Promise<FileReport> {
  const clock = new Clock();
  let report: FuseReport | undefined;
  try {
    if (options.dryRun !== true) await checkOutput(job, options);
    signal?.throwIfAborted();
    const model = await clock.time('read', () =>
      loadModel(job.input, { allowSymlinks: options.allowSymlinks === true }),
    );
    signal?.throwIfAborted();
    const fused = await fuseModel(model, {
      ...options,
      ...(signal && { signal }),
      onProgress: ({ phase, done, total }) => tell(phase, done, total),
    });
    report = fused.report;
    signal?.throwIfAborted();
    const written = options.dryRun !== true && (report.status === 'fused' || job.named);
    const done = fileReport(job, clock, report, report.status, written ? job.output : undefined);
    const announce = async (output?: FileContent): Promise<void> =>
      ledger && writeDown(ledger, job, options, model, output, done);
    if (!written) {
      await announce();
      return done;
    }
    tell('write');
    await clock.time('write', async () => {
      if (job.makeFolder) await mkdir(path.dirname(job.output), { recursive: true });
      const { force = false } = options;
      const how = { force, inPlace: inPlace(job), ...(signal && { signal }) };
      await saveAnnounced(fused.model, job.output, how, ledger && announce);
    });
    return { ...done, milliseconds: { ...done.milliseconds, write: clock.write } };
  } catch (error) {
    if (signal?.aborted) throw error;
    report ??= reportOf(error);
    return { ...fileReport(job, clock, report, 'failed'), error: describeFailure(error) };
  }
}

/** What earlier runs left of this model. */
async function finished(
  job: Job,
  options: FileOptions,
  ledger: Ledger | undefined,
): Promise<Finding> {
  const { earlier = [] } = ledger ?? {};
  if (earlier.length === 0) return { vouched: false };
  try {
    return await findFinished(job, earlier, fingerprint(options, job.named), options);
  } catch {
    // fingerprint() throws for wrong options. Fusing fails for the same reason, and reports it.
    return { vouched: false };
  }
}

async function writeDown(
  ledger: Ledger,
  job: Job,
  options: FileOptions,
  model: Model,
  output: FileContent | undefined,
  report: FileReport,
): Promise<void> {
  await ledger.vouch({
    key: ledger.key,
    version,
    options: fingerprint(options, job.named),
    input: contentOf(model),
    output,
    report,
  });
}

/** The report of a model that was never read, or whose process ended. */
export function failedReport(input: string, error: unknown): FileReport {
  const job = { input, output: '', named: false, makeFolder: false };
  return {
    ...fileReport(job, new Clock(), undefined, 'failed'),
    error: describeFailure(error),
  };
}

/** Refuses early what saveModel would refuse after all the work. */
async function checkOutput(job: Job, { force = false }: FileOptions): Promise<void> {
  if (job.makeFolder && !existsSync(path.dirname(job.output))) return;
  await checkTarget(job.output, job.input, { force, inPlace: inPlace(job) });
}

function inPlace(job: Job): boolean {
  return job.input === job.output;
}

/** The report that a verification error carries. */
function reportOf(error: unknown): FuseReport | undefined {
  if (!(error instanceof ConvfuseError) || error.code !== 'ERR_VERIFICATION') return undefined;
  return (error as { report?: FuseReport }).report;
}

function fileReport(
  job: Job,
  clock: Clock,
  report: FuseReport | undefined,
  status: FileReport['status'],
  output?: string,
): FileReport {
  return {
    input: job.input,
    output,
    status,
    error: undefined,
    before: report?.before,
    after: report?.after,
    sites: report?.sites ?? [],
    verification: report?.verification,
    milliseconds: {
      read: clock.read,
      fuse: report?.milliseconds.fuse ?? 0,
      verify: report?.milliseconds.verify ?? 0,
      write: clock.write,
    },
  };
}

class Clock {
  read = 0;
  write = 0;

  async time<T>(phase: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this[phase] = performance.now() - start;
    }
  }
}
