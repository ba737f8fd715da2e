import type { FloatArray } from '../backend.js';

type Triple = readonly [number, number, number];

/** The geometry of a convolution over three spatial axes: depth, height, width. */
export interface Taps {
  readonly kernel: Triple;
  readonly stride: Triple;
  readonly dilation: Triple;
  readonly padBegin: Triple;
  readonly input: Triple;
  readonly output: Triple;
}

/**
 * sums[o] += sum over taps k of weight[k] * x[o * stride - pad + k * dilation], for one input
 * channel and one output channel. Taps outside the input are skipped, not multiplied by zero.
 */
export function accumulatePlane(
  taps: Taps,
  weight: FloatArray,
  filter: number,
  x: FloatArray,
  plane: number,
  sums: Float64Array,
): void {
  const { kernel, stride, input, output } = taps;
  for (let kd = 0; kd < kernel[0]; kd++) {
    const depth = range(taps, 0, kd);
    for (let kh = 0; kh < kernel[1]; kh++) {
      const height = range(taps, 1, kh);
      for (let kw = 0; kw < kernel[2]; kw++) {
        const width = range(taps, 2, kw);
        const w = weight[filter + (kd * kernel[1] + kh) * kernel[2] + kw]!;
        for (let d = depth.from; d < depth.to; d++) {
          const inDepth = (d * stride[0] + depth.offset) * input[1];
          for (let h = height.from; h < height.to; h++) {
            const row = (d * output[1] + h) * output[2];
            const inRow = plane + (inDepth + h * stride[1] + height.offset) * input[2];
            let at = inRow + width.from * stride[2] + width.offset;
            for (let i = row + width.from; i < row + width.to; i++) {
              sums[i]! += w * x[at]!;
              at += stride[2];
            }
          }
        }
      }
    }
  }
}

/** The same for a transposed convolution: sums[i * stride - pad + k * dilation] += weight[k] * x[i]. */
export function accumulateTransposedPlane(
  taps: Taps,
  weight: FloatArray,
  filter: number,
  x: FloatArray,
  plane: number,
  sums: Float64Array,
): void {
  const { kernel, stride, input, output } = taps;
  // A transposed convolution is the plain one with input and output exchanged.
  const turned: Taps = { ...taps, input: output, output: input };
  for (let kd = 0; kd < kernel[0]; kd++) {
    const depth = range(turned, 0, kd);
    for (let kh = 0; kh < kernel[1]; kh++) {
      const height = range(turned, 1, kh);
      for (let kw = 0; kw < kernel[2]; kw++) {
        const width = range(turned, 2, kw);
        const w = weight[filter + (kd * kernel[1] + kh) * kernel[2] + kw]!;
        for (let d = depth.from; d < depth.to; d++) {
          const outDepth = (d * stride[0] + depth.offset) * output[1];
          for (let h = height.from; h < height.to; h++) {
            const row = plane + (d * input[1] + h) * input[2];
            const outRow = (outDepth + h * stride[1] + height.offset) * output[2];
            let at = outRow + width.from * stride[2] + width.offset;
            for (let i = row + width.from; i < row + width.to; i++) {
              sums[at]! += w * x[i]!;
              at += stride[2];
            }
          }
        }
      }
    }
  }
}

/** The output positions [from, to) for which tap k of an axis falls inside the input. */
function range(
  taps: Taps,
  axis: 0 | 1 | 2,
  k: number,
): { from: number; to: number; offset: number } {
  const offset = k * taps.dilation[axis] - taps.padBegin[axis];
  const stride = taps.stride[axis];
  const from = Math.max(0, Math.ceil(-offset / stride));
  const to = Math.min(taps.output[axis], Math.ceil((taps.input[axis] - offset) / stride));
  return { from, to, offset };
}
