import type { FileReport } from '../api/report.js';
import type { FileOptions, FileProgress } from './fuse-file.js';
import type { JournalRecord } from './journal-record.js';
import type { Job } from './plan-outputs.js';

/** A model to work on. */
export interface WorkerRequest {
  readonly kind: 'work';
  readonly job: Job;
  readonly options: FileOptions;
  /** The records about the model; undefined if no journal is kept. */
  readonly ledger: LedgerRequest | undefined;
}

export interface LedgerRequest {
  readonly key: string;
  readonly earlier: readonly JournalRecord[] | undefined;
}

/** A message to a worker process: a model to work on, or the answer to a `vouch`. */
export type WorkerMessage = WorkerRequest | { readonly kind: 'vouched' };

/**
 * The answers of a worker process: any number of progress messages, notes and journal records, then
 * one report. After a record (`vouch`) it waits for the answer `vouched`: only the parent writes the
 * journal, and a record must be in the journal before its output is published.
 */
export type WorkerReply =
  | { readonly kind: 'progress'; readonly progress: FileProgress }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'vouch'; readonly record: JournalRecord }
  | { readonly kind: 'report'; readonly report: FileReport };
