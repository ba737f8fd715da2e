import type { FileReport } from '../api/report.js';
import type { FileOptions, FileProgress } from './fuse-file.js';
import type { Job } from './plan-outputs.js';

/** What a worker process is sent. */
export interface WorkerRequest {
  readonly job: Job;
  readonly options: FileOptions;
}

/** What it sends back: any number of progress messages, then one report. */
export type WorkerReply =
  | { readonly kind: 'progress'; readonly progress: FileProgress }
  | { readonly kind: 'report'; readonly report: FileReport };
