import type { FloatType } from '../../tensor/dtype.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../tensor/half.js';
import type { ScaledRows, ScaleRowsRequest } from '../backend.js';

/** How stored elements become doubles and back; typed arrays round the two wide types. */
interface Codec {
  readonly decode: (stored: number) => number;
  readonly encode: (value: number) => number;
}

const same = (value: number): number => value;

const CODECS: Readonly<Record<FloatType, Codec>> = {
  float32: { decode: same, encode: same },
  float64: { decode: same, encode: same },
  float16: { decode: fromFloat16, encode: toFloat16 },
  bfloat16: { decode: fromBfloat16, encode: toBfloat16 },
};

/** Partial sums per factor. Eight doubles fill the widest vector there is. */
const LANES = 8;

/**
 * diag(s) . W in double, rounded once: the definition that native/kernels/fold-inl.h repeats.
 *
 * A factor meets its elements in the order (outer, cols); element i of that sequence adds to
 * partial sum i % 8. The order is part of the contract: it makes loss and mass the same bits in
 * every backend. NaN results are NaN, with unspecified payloads.
 */
export function scaleRows(request: ScaleRowsRequest): ScaledRows {
  const { weight, scale, groups, outer, rows, cols } = request;
  const { decode, encode } = CODECS[request.type];
  const out = new (weight.constructor as Float32ArrayConstructor)(weight.length) as typeof weight;
  const loss = new Float64Array(groups * rows);
  const mass = new Float64Array(groups * rows);
  const lossLanes = new Float64Array(LANES);
  const massLanes = new Float64Array(LANES);
  for (let group = 0; group < groups; group++) {
    for (let row = 0; row < rows; row++) {
      const factor = group * rows + row;
      const s = scale[factor]!;
      lossLanes.fill(0);
      massLanes.fill(0);
      for (let o = 0; o < outer; o++) {
        const start = ((group * outer + o) * rows + row) * cols;
        const phase = (o * cols) % LANES;
        for (let col = 0; col < cols; col++) {
          const product = decode(weight[start + col]!) * s;
          out[start + col] = encode(product);
          const lane = (phase + col) % LANES;
          lossLanes[lane]! += Math.abs(decode(out[start + col]!) - product);
          massLanes[lane]! += Math.abs(product);
        }
      }
      loss[factor] = sumLanes(lossLanes);
      mass[factor] = sumLanes(massLanes);
    }
  }
  return { weight: out, loss, mass };
}

/** Halves are folded together, as vector code does: [0..3] + [4..7], then pairs, then the two. */
function sumLanes(lanes: Float64Array): number {
  const s0 = lanes[0]! + lanes[4]!;
  const s1 = lanes[1]! + lanes[5]!;
  const s2 = lanes[2]! + lanes[6]!;
  const s3 = lanes[3]! + lanes[7]!;
  return s0 + s2 + (s1 + s3);
}
