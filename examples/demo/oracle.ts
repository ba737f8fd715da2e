// What the layer computes, in plain double loops that share nothing with the library.

export interface Layer {
  readonly batch: number;
  readonly channels: number;
  readonly size: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

export interface Statistics {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly eps: number;
}

/** Height and width of the result. */
export function outputSize({ size, kernel, stride, pad }: Layer): number {
  return Math.floor((size + 2 * pad - kernel) / stride) + 1;
}

/** Batch norm of the convolution, every operation in double: [batch, outputs, size, size]. */
export function oracle(
  layer: Layer,
  x: Float32Array,
  w: Float32Array,
  bn: Statistics,
): Float64Array {
  const { batch, channels, size, outputs, kernel, stride, pad } = layer;
  const out = outputSize(layer);
  const y = new Float64Array(batch * outputs * out * out);
  for (let n = 0; n < batch; n++) {
    for (let m = 0; m < outputs; m++) {
      const plane = y.subarray((n * outputs + m) * out * out, (n * outputs + m + 1) * out * out);
      for (let c = 0; c < channels; c++) {
        const image = x.subarray((n * channels + c) * size * size);
        for (let i = 0; i < kernel; i++) {
          for (let j = 0; j < kernel; j++) {
            const weight = w[((m * channels + c) * kernel + i) * kernel + j]!;
            addTap(plane, image, weight, { size, out, stride, top: i - pad, left: j - pad });
          }
        }
      }
      const scale = bn.gamma[m]! / Math.sqrt(bn.variance[m]! + bn.eps);
      for (let p = 0; p < plane.length; p++) {
        plane[p] = scale * (plane[p]! - bn.mean[m]!) + bn.beta[m]!;
      }
    }
  }
  return y;
}

interface Tap {
  readonly size: number;
  readonly out: number;
  readonly stride: number;
  readonly top: number;
  readonly left: number;
}

/** Adds one kernel element's share to a whole output plane; what falls on padding adds nothing. */
function addTap(plane: Float64Array, image: Float32Array, weight: number, tap: Tap): void {
  const { size, out, stride, top, left } = tap;
  const first = Math.max(0, Math.ceil(-left / stride));
  const last = Math.min(out - 1, Math.floor((size - 1 - left) / stride));
  for (let row = 0; row < out; row++) {
    const line = row * stride + top;
    if (line < 0 || line >= size) continue;
    const source = line * size + left;
    const target = row * out;
    for (let col = first; col <= last; col++) {
      plane[target + col] = plane[target + col]! + weight * image[source + col * stride]!;
    }
  }
}

/** ||actual - expected|| / ||expected|| */
export function relativeL2(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
