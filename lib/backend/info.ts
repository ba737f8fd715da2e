import { selectBackend } from './select.js';

/** The backend in use, and why it was chosen. */
export interface BackendInfo {
  readonly name: 'native' | 'reference';
  /** 'avx512', 'avx2', 'neon', 'baseline', or 'typescript' for the reference. */
  readonly isa: string;
  readonly threads: number;
  readonly reason: string;
}

/**
 * The backend that is used where no option names one.
 *
 * @throws ConvfuseError ERR_NATIVE_LOAD or ERR_ARGUMENT for what the environment variables
 * CONVFUSE_BACKEND, CONVFUSE_ISA and CONVFUSE_THREADS demand
 */
export function backend(): BackendInfo {
  const { name, isa, threads, reason } = selectBackend();
  return { name, isa, threads, reason };
}
