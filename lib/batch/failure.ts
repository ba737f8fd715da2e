import type { FileReport } from '../api/report.js';
import { ConvfuseError } from '../errors.js';

/** An error as a report carries it: a code to switch on and one line for people. */
export function describeFailure(error: unknown): NonNullable<FileReport['error']> {
  if (error instanceof ConvfuseError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { code: isSystemError(error) ? 'ERR_IO' : 'ERR_UNKNOWN', message };
}

/** What node:fs throws: it has errno, and a code such as ENOENT. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'errno' in error && 'syscall' in error;
}
