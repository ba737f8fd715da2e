import type { Backend } from '../backend/backend.js';
import type { Arithmetic } from '../ops/operator.js';
import { selectBackend, type BackendName, type IsaName } from '../backend/select.js';

/**
 * The backend to run on. Options left out come from the environment, or are chosen automatically.
 */
export interface BackendChoice {
  /** Default 'auto': native if the addon loads. 'native' is an error if it does not. */
  readonly backend?: BackendName | undefined;
  /** Instruction set of the kernels; one that the CPU lacks is an error. Default: the best. */
  readonly isa?: IsaName | undefined;
  readonly threads?: number | undefined;
}

/** @throws ConvfuseError ERR_NATIVE_LOAD, ERR_ARGUMENT */
export function chosenBackend({ backend, isa, threads }: BackendChoice): Backend {
  return selectBackend(backend, {
    ...(isa === undefined ? {} : { isa }),
    ...(threads === undefined ? {} : { threads }),
  });
}

/** The reference backend is the oracle: it computes in double throughout, and rounds at the end. */
export function arithmeticOf({ name }: Backend): Arithmetic {
  return name === 'reference' ? 'float64' : 'float32';
}
