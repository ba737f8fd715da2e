import { copyPlaces, type CopyPlaces } from '../backend/copy.js';
import type { TensorData } from '../tensor/dtype.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import type { Evaluation, Repeatable, RepeatedRun, RunTensor } from './operator.js';
import { runRepeatable } from './repeatable.js';

/** Fewer elements are copied sooner than the backend is called. */
const LEAST_NATIVE = 256;

/** Fewer elements of a row are copied sooner than a view is made of them. */
const LEAST_SET = 16;

/** Elements of any kind: all that copying needs. */
export type Elements = Record<number, number> & { readonly length: number };

/** What strided() has to know beyond where elements lie. */
interface StridedOptions {
  readonly offset?: number;
  /** Whether this is the step's only output, and all but x the same in every run. Default: no. */
  readonly constant?: boolean;
  /** The dimensions of the result, where it is copied as if it had others. */
  readonly shape?: readonly number[];
}

/**
 * A tensor of `dims` whose element at an index is x[offset + sum index[i] * strides[i]]: slices,
 * transpositions and repetitions are all of this form. What lies in x as it is to lie in the result
 * shares its memory.
 */
export function strided(
  call: Evaluation,
  x: RunTensor,
  dims: readonly number[],
  strides: readonly number[],
  { offset = 0, constant = false, shape = dims }: StridedOptions = {},
): RunTensor {
  const how = { type: x.type, dims: shape, layout: undefined };
  const count = elementCount(dims);
  const places = ArrayBuffer.isView(x.data)
    ? copyPlaces(dims, strides, stridesOf(dims), offset)
    : undefined;
  if (places !== undefined && isRun(places) && count > 0) {
    return viewOf(call, x, { ...how, part: [offset, offset + count] }, constant);
  }
  const run = (places && copyRun(call, places, count)) ?? copyLoop(dims, strides, offset);
  return runRepeatable(call, x.data, { ...how, run }, constant);
}

function viewOf(
  call: Evaluation,
  x: RunTensor,
  how: Repeatable & { readonly part: readonly [number, number] },
  constant: boolean,
): RunTensor {
  const { type, dims, part } = how;
  const whole = part[1] - part[0] === x.data.length;
  if (constant) call.repeatable(whole ? { ...how, part: undefined } : how);
  return { type, dims, data: whole ? x.data : (x.data as Float32Array).subarray(...part) };
}

/** Copies row by row, or one by one. */
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
