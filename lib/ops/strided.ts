import { copyPlaces, type CopyPlaces } from '../backend/copy.js';
import type { TensorData } from '../tensor/dtype.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import type { Evaluation, Repeatable, RepeatedRun, RunTensor } from './operator.js';
import { partOf, runRepeatable } from './repeatable.js';

/** For fewer elements, a loop takes less time than a call of the backend. */
const LEAST_NATIVE = 256;

/** For fewer elements in a row, a loop takes less time than making a view. */
const LEAST_SET = 16;

/** Elements of any kind: all that copying needs. */
export type Elements = Record<number, number> & { readonly length: number };

/** The places of a tensor's elements in another tensor: offset + sum of index[i] * strides[i]. */
export interface StridedPlaces {
  readonly dims: readonly number[];
  readonly strides: readonly number[];
  /** Default: 0. */
  readonly offset?: number;
  /** Dimensions of the result, where they differ from `dims`. */
  readonly shape?: readonly number[];
}

/**
 * A tensor whose elements are elements of x: slices, transpositions and repetitions have this form.
 * It is a view of x where its elements are contiguous there.
 *
 * @param constant whether this is the step's only output, and everything except x is the same in
 * every run
 */
export function strided(
  call: Evaluation,
  x: RunTensor,
  places: StridedPlaces,
  constant = false,
): RunTensor {
  const how = stridedFrom(call, x, places);
  const { type, dims, run, part } = how;
  if (run !== undefined) return runRepeatable(call, x.data, { ...how, run }, constant);
  if (constant) call.repeatable(how);
  return { type, dims, data: partOf(x.data, part) };
}

/** How to make such a tensor from x, and from all tensors like it. */
export function stridedFrom(
  call: Evaluation,
  x: RunTensor,
  { dims, strides, offset = 0, shape = dims }: StridedPlaces,
): Repeatable {
  const how = { type: x.type, dims: shape, layout: undefined };
  const count = elementCount(dims);
  const places = ArrayBuffer.isView(x.data)
    ? copyPlaces(dims, strides, stridesOf(dims), offset)
    : undefined;
  if (places !== undefined && isRun(places) && count > 0) {
    return count === x.data.length ? how : { ...how, part: [offset, offset + count] };
  }
  const run = places && copyRun(call, places, count);
  return { ...how, run: run ?? copyLoop(dims, strides, offset) };
}

/** Copies row by row, or element by element. */
function copyLoop(
  dims: readonly number[],
  strides: readonly number[],
  offset: number,
): RepeatedRun {
  const length = dims.at(-1) ?? 1;
  const step = strides.at(-1) ?? 1;
  const outer = dims.slice(0, -1);
  const rows = length === 0 ? 0 : elementCount(outer);
  return (x, _, y) => {
    const [source, out] = [x as unknown as Elements, y as unknown as Elements];
    const offsets = outerOffsets(outer, strides, rows);
    if (step === 1 && length >= LEAST_SET) {
      for (let row = 0; row < rows; row++) {
        copyElements(y, row * length, x, offset + offsets[row]!, length);
      }
      return;
    }
    for (let row = 0, at = 0; row < rows; row++) {
      let from = offset + offsets[row]!;
      for (let i = 0; i < length; i++, from += step) out[at++] = source[from]!;
    }
  };
}

/** Whether the elements are contiguous in the source, in the order of the result. */
function isRun(places: CopyPlaces): boolean {
  return places.length === 2 || (places.length === 5 && places[3] === 1 && places[4] === 1);
}

/** A copy on the backend; undefined where that cannot do it or it would not pay. */
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
