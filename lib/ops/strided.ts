import type { TensorData } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import type { Evaluation, RunTensor } from './operator.js';

/** Elements of any kind: all that copying needs. */
export type Elements = Record<number, number> & { readonly length: number };

/**
 * A tensor of `dims` whose element at an index is x[offset + sum index[i] * strides[i]]: slices,
 * transpositions and repetitions are all of this form.
 */
export function strided(
  call: Evaluation,
  x: RunTensor,
  dims: readonly number[],
  strides: readonly number[],
  offset = 0,
): RunTensor {
  const data = call.allocate(x.type, dims);
  const source = x.data as unknown as Elements;
  const out = data as unknown as Elements;
  const axis = dims.length - 1;
  const length = dims[axis] ?? 1;
  const step = strides[axis] ?? 1;
  const count = elementCount(dims.slice(0, -1));
  if (length === 0) return { type: x.type, dims, data };
  const offsets = outerOffsets(dims.slice(0, -1), strides.slice(0, -1), count);
  if (step === 1 && length >= 16 && ArrayBuffer.isView(x.data)) {
    const from = x.data as Float32Array;
    const to = data as Float32Array;
    for (let run = 0; run < count; run++) {
      const start = offset + offsets[run]!;
      to.set(from.subarray(start, start + length), run * length);
    }
    return { type: x.type, dims, data };
  }
  for (let run = 0, at = 0; run < count; run++) {
    let from = offset + offsets[run]!;
    for (let i = 0; i < length; i++, from += step) out[at++] = source[from]!;
  }
  return { type: x.type, dims, data };
}

/** Copies elements [from, from + count) of one array into another. */
export function copyElements(
  to: TensorData,
  at: number,
  source: TensorData,
  from: number,
  count: number,
): void {
  if (ArrayBuffer.isView(source)) {
    (to as Float32Array).set((source as Float32Array).subarray(from, from + count), at);
    return;
  }
  for (let i = 0; i < count; i++) (to as string[])[at + i] = source[from + i]!;
}
