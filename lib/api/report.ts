import type { ErrorCode } from '../errors.js';
import type { Site } from '../rewrite/report.js';
import type { SiteCheck } from '../rewrite/rule.js';

/** Counts of a model, before or after fusing. undefined where shapes are unknown. */
export interface ModelSummary {
  readonly nodes: number;
  readonly ops: Readonly<Record<string, number>>;
  /** Size of the file, with its external data. */
  readonly bytes: number;
  readonly parameters: number;
  readonly macs: number | undefined;
  /** Steps of the execution plan: one pass over memory each. */
  readonly launches: number | undefined;
  /** Bytes those steps read and write. */
  readonly trafficBytes: number | undefined;
}

/** A site of the rewriter, with the result of its check. */
export interface SiteReport extends Omit<Site, 'check'> {
  readonly check: SiteCheck | undefined;
}

/** Where two runs differ most. */
export interface WorstElement {
  readonly output: string;
  readonly index: number;
  readonly expected: number;
  readonly actual: number;
}

export interface VerificationReport {
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or what failed. */
  readonly reason: string | undefined;
  readonly runs: number;
  readonly seed: number;
  readonly maxAbs: number | undefined;
  readonly relL2: number | undefined;
  readonly worst: WorstElement | undefined;
}

export interface FuseReport {
  readonly status: 'fused' | 'unchanged';
  readonly before: ModelSummary;
  readonly after: ModelSummary;
  readonly sites: readonly SiteReport[];
  readonly verification: VerificationReport;
  readonly milliseconds: { readonly fuse: number; readonly verify: number };
}

/** The entry of one model in the document of `fuse --json`. */
export interface FileReport {
  readonly input: string;
  readonly output: string | undefined;
  readonly status: 'fused' | 'unchanged' | 'failed';
  readonly error:
    { readonly code: ErrorCode | 'ERR_UNKNOWN'; readonly message: string } | undefined;
  readonly before: ModelSummary | undefined;
  readonly after: ModelSummary | undefined;
  readonly sites: readonly SiteReport[];
  readonly verification: VerificationReport | undefined;
  /** Set when an earlier run finished the model and made this report; see the option `resume`. */
  readonly resumed?: true;
  readonly milliseconds: {
    readonly read: number;
    readonly fuse: number;
    readonly verify: number;
    readonly write: number;
  };
}
