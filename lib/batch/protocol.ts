import type { FileReport } from '../api/report.js';
import type { FileOptions, FileProgress } from './fuse-file.js';
import type { Job } from './plan-outputs.js';

/** A message to a worker process. */
export interface WorkerRequest {
  readonly job: Job;
  readonly options: FileOptions;
}

/** The answers of a worker process: any number of progress messages, then one report. */
export type WorkerReply =
  | { readonly kind: 'progress'; readonly progress: FileProgress }
  | { readonly kind: 'report'; readonly report: FileReport };
