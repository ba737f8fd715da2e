import { copyPlaces, type CopyPlaces } from '../backend/copy.js';
import type { TensorData } from '../tensor/dtype.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import type { Evaluation, RepeatedRun, RunTensor } from './operator.js';
import { runRepeatable } from './repeatable.js';

/** Fewer elements are copied sooner than the backend is called. */
const LEAST_NATIVE = 256;

/** Elements of any kind: all that copying needs. */
export type Elements = Record<number, number> & { readonly length: number };

/**
 * A tensor of `dims` whose element at an index is x[offset + sum index[i] * strides[i]]: slices,
 * transpositions and repetitions are all of this form. What lies in x as it is to lie in the result
 * shares its memory.
 *
 * @param constant whether this is the step's only output, and all but x the same in every run
 */
export function strided(
  call: Evaluation,
  x: RunTensor,
  dims: readonly number[],
  strides: readonly number[],
  offset = 0,
  constant = false,
): RunTensor {
  const { type } = x;
  const places = ArrayBuffer.isView(x.data)
    ? copyPlaces(dims, strides, stridesOf(dims), offset)
    : undefined;
  if (places !== undefined && isRun(places) && !dims.includes(0)) {
    const run = (x.data as Float32Array).subarray(offset, offset + elementCount(dims));
    return { type, dims, data: run };
  }
  const run = places && copyRun(call, places, elementCount(dims));
  if (run !== undefined) {
    return runRepeatable(call, x.data, { type, dims, layout: undefined, run }, constant);
  }
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

/** Whether elements lie one after the other, as they are to lie. */
function isRun(places: CopyPlaces): boolean {
  return places.length === 2 || (places.length === 5 && places[3] === 1 && places[4] === 1);
}

/** Copies one array to places in another by the backend, where it does that and it pays. */
export function copyRun(
  call: Evaluation,
  places: CopyPlaces,
  count: number,
): RepeatedRun | undefined {
  const { backend, threads } = call;
  if (backend.copy === undefined || count < LEAST_NATIVE) return undefined;
  return (from, _, to) => {
    const [x, y] = [from as Float32Array, to as Float32Array];
    backend.copy!({ x, y, places, threads });
  };
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
