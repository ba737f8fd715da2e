import { ConvfuseError } from '../index.js';

/** An error in the form that --json prints. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ConvfuseError) return { code: error.code, message };
  const isSystem = error instanceof Error && 'syscall' in error;
  return { code: isSystem ? 'ERR_IO' : 'ERR_UNKNOWN', message };
}
