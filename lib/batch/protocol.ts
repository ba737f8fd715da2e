import type { FileReport } from '../api/report.js';
import type { FileOptions, FileProgress } from './fuse-file.js';
import type { JournalRecord } from './journal-record.js';
import type { Job } from './plan-outputs.js';

/** A model to work on. */
export interface WorkerRequest {
  readonly kind: 'work';
  readonly job: Job;
  readonly options: FileOptions;
  /** How its result is written down; undefined where no journal is kept. */
  readonly ledger: LedgerRequest | undefined;
}

export interface LedgerRequest {
  readonly key: string;
  readonly earlier: readonly JournalRecord[] | undefined;
}

/** What a worker process is sent: models, and an answer to each `vouch`. */
export type WorkerMessage = WorkerRequest | { readonly kind: 'vouched' };

/**
 * What it sends back: any number of progress messages, notes and records to write down, then one report.
 * It waits after a record: one process writes the journal, and the output comes after the record.
 */
export type WorkerReply =
  | { readonly kind: 'progress'; readonly progress: FileProgress }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'vouch'; readonly record: JournalRecord }
  | { readonly kind: 'report'; readonly report: FileReport };
