import type { FileReport } from '../index.js';

/** Exit codes of the process; scripts depend on the numbers. */
export const EXIT = {
  ok: 0,
  /** A bad model, an unreadable file ... */
  error: 1,
  usage: 2,
  /** Verification failed and nothing was written, or `verify` found a difference. */
  verification: 3,
  /** Some of several models failed. */
  partial: 4,
  interrupted: 130,
  terminated: 143,
} as const;

/** Exit codes above this are this plus the number of the signal that ended the process. */
export const EXIT_BY_SIGNAL = 128;

/** The exit code of a batch: that of a single model, or `partial` if any of several failed. */
export function exitCodeOf(reports: readonly FileReport[]): number {
  const failed = reports.filter((report) => report.status === 'failed');
  if (failed.length === 0) return EXIT.ok;
  if (reports.length > 1) return EXIT.partial;
  return failed[0]!.error?.code === 'ERR_VERIFICATION' ? EXIT.verification : EXIT.error;
}
