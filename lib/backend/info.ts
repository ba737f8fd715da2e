import { selectBackend } from './select.js';

/** What computes, and why. */
export interface BackendInfo {
  readonly name: 'native' | 'reference';
  /** 'avx512', 'avx2', 'neon', 'baseline', or 'typescript' for the reference. */
  readonly isa: string;
  readonly threads: number;
  readonly reason: string;
}

/**
 * The backend that is used where none is asked for.
 *
 * @throws ConvfuseError ERR_NATIVE_LOAD, ERR_ARGUMENT by way of the environment variables
 */
export function backend(): BackendInfo {
  const { name, isa, threads, reason } = selectBackend();
  return { name, isa, threads, reason };
}
