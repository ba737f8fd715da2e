import type { FileReport } from '../api/report.js';
import { ConvfuseError } from '../errors.js';

/** An error in the form of a report: a code for programs and one line for users. */
export function describeFailure(error: unknown): NonNullable<FileReport['error']> {
  if (error instanceof ConvfuseError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { code: isSystemError(error) ? 'ERR_IO' : 'ERR_UNKNOWN', message };
}

/** Whether an error is one of node:fs, which has errno and a code such as ENOENT. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'errno' in error && 'syscall' in error;
}
