import { availableParallelism } from 'node:os';

import type { FileReport } from '../api/report.js';
import { findModels } from './find-models.js';
import { failedReport, fuseFile, type FileOptions, type FileProgress } from './fuse-file.js';
import { Journals } from './journals.js';
import { checkBatchOptions, checkPaths, sendable } from './options.js';
import { planOutputs, type Job, type OutputOptions } from './plan-outputs.js';
import { WorkerProcess } from './worker-process.js';

export interface FuseModelsOptions extends FileOptions, OutputOptions {
  /**
   * Number of models at a time, each in a process of its own. Default: one per CPU, at most the
   * models.
   */
  readonly jobs?: number;
  /** Seconds that one model may take before its process is ended. Default: no limit. */
  readonly timeLimit?: number;
  /** MiB of memory that one model may take, on Linux. Default: no limit. */
  readonly memoryLimit?: number;
  /**
   * Continue earlier runs: a model that one of them finished is not fused again. Its report is that of
   * the earlier run, with `resumed` set. Cannot be combined with output, inPlace, dryRun and rules.
   */
  readonly resume?: boolean;
  /** An abort stops all work within two seconds; half-written files are removed. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FileProgress) => void;
  /** Called for files that were ignored and for models that are fused again, with the reason. */
  readonly onNote?: (note: string) => void;
}

/**
 * Fuses many models, given as files or folders, and yields a report for each as it is finished. A
 * model that fails, or kills its process, gives a report with an error; the others continue. Each
 * runs in a process of its own, except with `rules`, whose functions cannot be sent to one.
 *
 * Work continues while the caller handles a report, but a new model starts only when the caller
 * asks for the next report.
 *
 * For several models, and with `resume` for a single one too, a journal is kept beside the outputs (see
 * Journal), so that a later run can continue. Without `resume` it is removed when all models succeeded.
 *
 * @throws ConvfuseError ERR_ARGUMENT, before any work, for options that exclude each other and for
 * outputs that would overwrite each other or an input; the signal's reason when aborted
 */
export async function* fuseModels(
  paths: readonly string[],
  options: FuseModelsOptions = {},
): AsyncGenerator<FileReport, void, undefined> {
  checkPaths(paths);
  checkBatchOptions(options);
  const { jobs: limit, timeLimit, memoryLimit, signal, onProgress, onNote, ...rest } = options;
  const { output, outDir, inPlace, resume = false, ...fileOptions } = rest;
  signal?.throwIfAborted();
  const found = await findModels(paths);
  const healthy = found.models.filter((model) => model.error === undefined);
  const jobs = planOutputs(healthy, {
    ...(output !== undefined && { output }),
    ...(outDir !== undefined && { outDir }),
    ...(inPlace !== undefined && { inPlace }),
  });
  for (const note of found.notes) onNote?.(note);
  for (const { path } of found.models) {
    onProgress?.({ input: path, phase: 'queued', done: 0, total: 0 });
  }
  for (const { path, error } of found.models) {
    if (error !== undefined) yield failedReport(path, error);
  }
  if (fileOptions.rules !== undefined) {
    for (const job of jobs) yield await fuseFile(job, fileOptions, signal, onProgress);
    return;
  }
  const limits = { seconds: timeLimit, memory: memoryLimit };
  const width = Math.min(limit ?? availableParallelism(), jobs.length);
  const threads = fileOptions.threads ?? Math.max(1, Math.floor(availableParallelism() / width));
  const sent = sendable({ ...fileOptions, threads });
  const note = (text: string): void => onNote?.(text);
  const several = jobs.length > 1 && output === undefined && inPlace !== true;
  const journals =
    resume || (several && fileOptions.dryRun !== true)
      ? new Journals(jobs, outDir, note)
      : undefined;
  if (resume) await journals?.read();
  else if (fileOptions.force !== true) await journals?.mention();
  const fused = new Set<string>();
  const reports = inProcesses(jobs, width, signal, (worker, job) =>
    worker.run(
      job,
      sent,
      {
        onNote: note,
        vouch: async (record) => journals?.vouch(job, record),
        ...(onProgress && { onProgress }),
      },
      limits,
      journals && { key: journals.key(job), earlier: resume ? journals.earlier(job) : undefined },
    ),
  );
  for await (const report of reports) {
    if (report.status !== 'failed' && report.resumed !== true) fused.add(report.input);
    yield report;
  }
  // When all models succeeded there is nothing to continue, and only the models stay behind.
  if (resume || fused.size < found.models.length) {
    await journals?.compact(jobs.filter(({ input }) => fused.has(input)));
  } else {
    await journals?.forget(jobs);
  }
}

/**
 * Runs jobs in at most `width` workers. A worker that died is replaced when the next job starts.
 */
async function* inProcesses(
  jobs: readonly Job[],
  width: number,
  signal: AbortSignal | undefined,
  run: (worker: WorkerProcess, job: Job) => Promise<FileReport>,
): AsyncGenerator<FileReport, void, undefined> {
  const workers: WorkerProcess[] = [];
  const running = new Map<Job, Promise<{ job: Job; report: FileReport }>>();
  const queue = [...jobs].reverse();
  const aborted = abortion(signal);
  try {
    while (queue.length > 0 || running.size > 0) {
      while (running.size < width && queue.length > 0) {
        const job = queue.pop()!;
        let worker = workers.find((one) => one.idle);
        if (worker === undefined) workers.push((worker = new WorkerProcess()));
        const work = run(worker, job);
        running.set(
          job,
          work.then((report) => ({ job, report })),
        );
      }
      const done = await Promise.race([...running.values(), aborted.promise]);
      running.delete(done.job);
      yield done.report;
    }
  } finally {
    aborted.dispose();
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

/** A promise that rejects with the signal's reason, and never settles otherwise. */
function abortion(signal: AbortSignal | undefined): { promise: Promise<never>; dispose(): void } {
  let listener: () => void = () => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    listener = () => {
      reject(signal?.reason as Error);
    };
  });
  promise.catch(() => undefined);
  signal?.addEventListener('abort', listener);
  if (signal?.aborted) listener();
  return {
    promise,
    dispose: () => {
      signal?.removeEventListener('abort', listener);
    },
  };
}
