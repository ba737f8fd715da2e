import { isFloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { NumberArray } from './elementwise.js';
import type { Evaluation, RunTensor } from './operator.js';
import { isWide } from './run-tensor.js';
import type { Sampling } from './sampling.js';
import { nodeError } from './schema.js';

/** Samples a tensor axis by axis: the weights of all modes are products over the axes. */
export function resample(
  call: Evaluation,
  x: RunTensor,
  dims: readonly number[],
  scales: readonly number[],
  sampling: Sampling,
): RunTensor {
  if (x.type === 'string' || isWide(x.type)) {
    throw nodeError(call.node, 'ERR_UNSUPPORTED', `${x.type} elements are not supported`);
  }
  let current = x;
  for (let axis = 0; axis < dims.length; axis++) {
    const size = current.dims[axis]!;
    const out = dims[axis]!;
    if (out === size && scales[axis] === 1) continue;
    const { width, index, weight } = sampling(size, out, scales[axis]!);
    const outDims = current.dims.map((keep, at) => (at === axis ? out : keep));
    const data = call.allocate(x.type, outDims) as NumberArray;
    const source = current.data as NumberArray;
    const whole = !isFloatType(x.type);
    const inner = elementCount(outDims.slice(axis + 1));
    const outer = elementCount(outDims.slice(0, axis));
    current = { type: x.type, dims: outDims, data };
    if (width === 1 && weight.every((w) => w === 1)) {
      pick(source, data, { outer, size, inner }, index);
      continue;
    }
    for (let o = 0; o < outer; o++) {
      for (let at = 0; at < out; at++) {
        const to = (o * out + at) * inner;
        for (let i = 0; i < inner; i++) {
          let sum = 0;
          for (let tap = at * width; tap < (at + 1) * width; tap++) {
            const w = weight[tap]!;
            // A tap without weight must not bring in a NaN or an infinity.
            if (w !== 0) sum += w * source[(o * size + index[tap]!) * inner + i]!;
          }
          data[to + i] = whole ? Math.round(sum) : sum;
        }
      }
    }
  }
  return current;
}

/** Takes elements along an axis of `size`, as the nearest mode does: for each output, that at its index. */
function pick(
  source: NumberArray,
  out: NumberArray,
  { outer, size, inner }: { readonly outer: number; readonly size: number; readonly inner: number },
  index: Int32Array,
): void {
  let to = 0;
  for (let o = 0; o < outer; o++) {
    if (inner === 1) {
      const row = o * size;
      for (let at = 0; at < index.length; at++) out[to++] = source[row + index[at]!]!;
      continue;
    }
    for (let at = 0; at < index.length; at++) {
      const from = (o * size + index[at]!) * inner;
      for (let i = 0; i < inner; i++) out[to++] = source[from + i]!;
    }
  }
}
