import type {
  Backend,
  ConvKernel,
  ConvSpec,
  GemmCall,
  ScaledRows,
  ScaleRowsRequest,
} from '../backend.js';
import { ReferenceConv } from './conv.js';
import { gemm } from './gemm.js';
import { scaleRows } from './scale-rows.js';

/**
 * Plain TypeScript that computes in double: slow, and the oracle that all else is compared with.
 */
export class ReferenceBackend implements Backend {
  readonly name = 'reference';
  readonly isa = 'typescript';
  readonly threads = 1;
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }

  scaleRows(request: ScaleRowsRequest): ScaledRows {
    return scaleRows(request);
  }

  /** Ignores the precision mode: double is more precise than any of them. */
  conv(spec: ConvSpec): ConvKernel {
    return new ReferenceConv(spec);
  }

  gemm(call: GemmCall): void {
    gemm(call);
  }
}
