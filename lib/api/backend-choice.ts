import type { Backend } from '../backend/backend.js';
import type { Arithmetic } from '../ops/operator.js';
import { selectBackend, type BackendName, type IsaName } from '../backend/select.js';

/** Which arithmetic to run on. What is left out comes from the environment, or is automatic. */
export interface BackendChoice {
  /** Default 'auto': native where the addon loads. 'native' without it is an error. */
  readonly backend?: BackendName | undefined;
  /** Kernels of this ISA; one that the CPU lacks is an error. Default: the best. */
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

/** The reference backend is the oracle: it computes in double all along, and rounds at the end. */
export function arithmeticOf({ name }: Backend): Arithmetic {
  return name === 'reference' ? 'float64' : 'float32';
}
