import type { ResampleAxis } from '../backend/rows.js';
import { isFloatType, type TensorData } from '../tensor/dtype.js';
import { elementCount, sameDims } from '../tensor/shape.js';
import type { NumberArray } from './elementwise.js';
import type { Evaluation, RepeatedRun, RunTensor } from './operator.js';
import { runRepeatable } from './repeatable.js';
import { isWide } from './run-tensor.js';
import type { Sampling, Taps } from './sampling.js';
import { unsupportedType } from './schema.js';

/** The target of a resampling. */
export interface ResampleTarget {
  readonly dims: readonly number[];
  /** Scales that coordinates are computed with. */
  readonly scales: readonly number[];
  /** Whether dims and scales are the same in every run. */
  readonly constant: boolean;
  /** Whether only parts of axes are sampled, so that axes that keep their size change too. */
  readonly cropped?: boolean;
}

/** Resamples axis by axis, since the weights of all modes are products over the axes. */
export function resample(
  call: Evaluation,
  x: RunTensor,
  target: ResampleTarget,
  sampling: Sampling,
): RunTensor {
  const { dims, scales } = target;
  if (x.type === 'string' || isWide(x.type)) {
    throw unsupportedType(call.node, x.type);
  }
  const found = target.cropped ? undefined : resamplePlanes(call, x, target, sampling);
  if (found !== undefined) return found;
  let current = x;
  for (let axis = 0; axis < dims.length; axis++) {
    const size = current.dims[axis]!;
    const out = dims[axis]!;
    if (out === size && scales[axis] === 1 && target.cropped !== true) continue;
    const { width, index, weight } = sampling(size, out, scales[axis]!, axis);
    const outDims = current.dims.map((keep, at) => (at === axis ? out : keep));
    const picked = width === 1 && weight.every((w) => w === 1);
    // Whole numbers keep their fractions until all axes are done.
    const kept = picked || isFloatType(x.type) ? x.type : 'float64';
    const data = call.allocate(kept, outDims) as NumberArray;
    const source = current.data as NumberArray;
    const inner = elementCount(outDims.slice(axis + 1));
    const outer = elementCount(outDims.slice(0, axis));
    current = { type: x.type, dims: outDims, data };
    if (picked) {
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
          data[to + i] = sum;
        }
      }
    }
  }
  return isFloatType(x.type) ? current : { ...current, data: cutOff(call, current) };
}

/** Converts weighted sums to whole numbers, cut off as in the casts of ONNX and onnxruntime. */
function cutOff(call: Evaluation, { type, dims, data }: RunTensor): TensorData {
  if (!(data instanceof Float64Array)) return data;
  const whole = call.allocate(type, dims) as NumberArray;
  for (let i = 0; i < data.length; i++) whole[i] = Math.trunc(Math.fround(data[i]!));
  return whole;
}

/** The taps of the last two axes, with the sizes that they were computed for. */
interface PlaneTaps {
  from?: readonly number[];
  to?: ResampleTarget;
  axes?: readonly [ResampleAxis, ResampleAxis];
}

/** Resamples on the backend; undefined where it cannot, or more than the last two axes change. */
function resamplePlanes(
  call: Evaluation,
  x: RunTensor,
  to: ResampleTarget,
  sampling: Sampling,
): RunTensor | undefined {
  const { backend, threads } = call;
  const { type, dims: from, data } = x;
  const { dims, scales } = to;
  const kept = (axis: number): boolean =>
    axis < 0 || (dims[axis] === from[axis] && scales[axis] === 1);
  const changed = from.map((_, axis) => axis).filter((axis) => !kept(axis));
  const plane = from.length - 2;
  if (backend.resample === undefined || !(data instanceof Float32Array)) return undefined;
  if (changed.length === 0 || changed[0]! < plane || data.length === 0) return undefined;
  const taps = call.keep<PlaneTaps>(() => ({}));
  if (!isFor(taps, from, to)) {
    const axisOf = (axis: number): ResampleAxis =>
      kept(axis)
        ? keptAxis(dims[axis] ?? 1)
        : tapsOf(sampling(from[axis]!, dims[axis]!, scales[axis]!, axis), from[axis]!, dims[axis]!);
    Object.assign(taps, { from, to, axes: [axisOf(plane), axisOf(plane + 1)] });
  }
  const axes = taps.axes!;
  const { layout } = call;
  if (x.layout !== undefined && layout !== undefined) {
    const layouts = { x: x.layout, y: layout };
    const [batch, channels] = dims as readonly [number, number];
    const blocked: RepeatedRun = (source, _, y) => {
      const [input, output] = [source as Float32Array, y as Float32Array];
      const call = { x: input, y: output, batch, channels, axes, layouts, threads };
      backend.resampleBlocked!(call);
    };
    return runRepeatable(call, data, { type, dims, layout, run: blocked }, to.constant);
  }
  const planes = elementCount(from.slice(0, Math.max(0, plane)));
  const run: RepeatedRun = (source, _, y) => {
    const [input, output] = [source as Float32Array, y as Float32Array];
    backend.resample!({ x: input, y: output, planes, axes, threads });
  };
  return runRepeatable(call, data, { type, dims, layout: undefined, run }, to.constant);
}

function isFor(taps: PlaneTaps, from: readonly number[], to: ResampleTarget): boolean {
  if (taps.from === undefined || !sameDims(taps.from, from)) return false;
  return sameDims(taps.to!.dims, to.dims) && sameDims(taps.to!.scales, to.scales);
}

/** An axis that is not changed. */
function keptAxis(size: number): ResampleAxis {
  const index = Int32Array.from({ length: size }, (_, at) => at);
  return { input: size, output: size, width: 1, index, weight: undefined };
}

function tapsOf({ width, index, weight }: Taps, input: number, output: number): ResampleAxis {
  const picked = width === 1 && weight.every((w) => w === 1);
  return { input, output, width, index, weight: picked ? undefined : Float32Array.from(weight) };
}

/** Takes elements along an axis of `size`, as in nearest mode: one index for each output. */
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
