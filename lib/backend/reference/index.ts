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

/** Plain TypeScript, in double inside: slow, and the oracle of everything else. */
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

  /** Every precision is met: this one is better than all of them. */
  conv(spec: ConvSpec): ConvKernel {
    return new ReferenceConv(spec);
  }

  gemm(call: GemmCall): void {
    gemm(call);
  }
}
