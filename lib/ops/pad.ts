import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { copyPlaces } from '../backend/copy.js';
import type { ResampleAxis } from '../backend/rows.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import { typeOnly } from './facts.js';
import { listFacts, listOf } from './list-parameter.js';
import type { Evaluation, RepeatedRun, RunTensor, ValueFacts } from './operator.js';
import { othersConstant, runRepeatable } from './repeatable.js';
import { required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';
import { copyRun, type Elements } from './strided.js';

interface Pads {
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/** Pads of every axis, from the list for the named axes (before opset 18 all axes). */
function padsOf(
  node: Node,
  rank: number,
  pads: readonly number[],
  axes: readonly number[] | undefined,
): Pads {
  const named =
    axes?.map((axis) => axisOf(node, axis, rank)) ?? Array.from({ length: rank }, (_, i) => i);
  if (pads.length !== 2 * named.length) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `expected ${2 * named.length} pads, received ${pads.length}`,
    );
  }
  const begin = new Array<number>(rank).fill(0);
  const end = new Array<number>(rank).fill(0);
  named.forEach((axis, i) => {
    begin[axis] = pads[i]!;
    end[axis] = pads[i + named.length]!;
  });
  return { begin, end };
}

/** The name of the attribute, which was `paddings` in opset 1. */
function padAttribute(node: Node): string {
  return node.opset < 2 ? 'paddings' : 'pads';
}

/** The input index for an output index; -1 stands for the constant. */
function sourceOf(mode: string, index: number, size: number): number {
  if (index >= 0 && index < size) return index;
  switch (mode) {
    case 'edge':
      return index < 0 ? 0 : size - 1;
    case 'reflect': {
      // Mirrors at the centres of the first and last element: the period is 2 (size - 1).
      if (size === 1) return 0;
      const period = 2 * (size - 1);
      const at = ((index % period) + period) % period;
      return at < size ? at : period - at;
    }
    case 'wrap':
      return ((index % size) + size) % size;
    default:
      return -1;
  }
}

/**
 * Input indices for all output indices of an axis. Negative pads remove elements before others are
 * added, so that removed elements are not mirrored or repeated.
 */
function sourcesOf(
  node: Node,
  mode: string,
  size: number,
  [begin, end]: readonly [number, number],
): Int32Array {
  const first = Math.max(0, -begin);
  const left = size - first - Math.max(0, -end);
  const length = Math.max(0, size + begin + end);
  if (mode !== 'constant' && left <= 0 && length > 0) {
    throw nodeError(node, 'ERR_ARGUMENT', `no element is left for mode ${mode}`);
  }
  return Int32Array.from({ length }, (_, i) => {
    const at = sourceOf(mode, i - Math.max(0, begin), left);
    return at < 0 ? -1 : first + at;
  });
}

export const pad = operator('Pad', {
  inputs: [1, 4],
  infer(node, inputs): ValueFacts[] {
    const [x] = inputs;
    const pads = listFacts(node, inputs, 1, padAttribute(node));
    const axes = listFacts(node, inputs, 3, 'axes');
    const dims = x?.dims;
    if (dims === undefined) return [typeOnly(x)];
    if (pads === undefined || pads === 'unknown' || axes === 'unknown') {
      return [{ type: x?.type, dims: dims.map((): Dim => undefined) }];
    }
    const { begin, end } = padsOf(node, dims.length, pads, axes);
    const out = dims.map((size, axis) => {
      const extra = begin[axis]! + end[axis]!;
      return extra === 0 ? size : typeof size === 'number' ? Math.max(0, size + extra) : undefined;
    });
    return [{ type: x?.type, dims: out }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const list = listOf(node, inputs, 1, padAttribute(node));
    if (list === undefined) throw nodeError(node, 'ERR_MODEL', 'pads are missing');
    const rank = x.dims.length;
    const { begin, end } = padsOf(node, rank, list, listOf(node, inputs, 3, 'axes'));
    const mode = node.attribute('mode', 'string') ?? 'constant';
    if (!['constant', 'edge', 'reflect', 'wrap'].includes(mode)) {
      throw nodeError(node, 'ERR_MODEL', `mode ${JSON.stringify(mode)} is not known`);
    }
    const dims = x.dims.map((size, axis) => Math.max(0, size + begin[axis]! + end[axis]!));
    const value = fillValue(node, x, inputs[2]);
    const sources = x.dims.map((size, i) => sourcesOf(node, mode, size, [begin[i]!, end[i]!]));
    const how = { dims, begin, mode, value, sources };
    const run = ArrayBuffer.isView(x.data) ? padRun(call, x, how) : undefined;
    if (run !== undefined) {
      const repeated = { type: x.type, dims, layout: undefined, run };
      return [runRepeatable(call, x.data, repeated, othersConstant(call, inputs))];
    }
    const data = call.allocate(x.type, dims);
    const out = data as unknown as Elements;
    const source = x.data as unknown as Elements;
    const last = sources[rank - 1] ?? Int32Array.of(0);
    // The offset in the input of each row of the output; a row outside the input is constant.
    const outer = dims.slice(0, -1);
    const rows = elementCount(outer);
    const own = stridesOf(x.dims);
    const places = outerOffsets(outer, stridesOf(outer), rows);
    for (let row = 0; row < rows; row++) {
      let rest = places[row]!;
      let from = 0;
      for (let axis = rank - 2; axis >= 0 && from >= 0; axis--) {
        const at = sources[axis]![rest % dims[axis]!]!;
        rest = Math.floor(rest / dims[axis]!);
        from = at < 0 ? -1 : from + at * own[axis]!;
      }
      const start = row * last.length;
      for (let i = 0; i < last.length; i++) {
        const at = last[i]!;
        out[start + i] = from < 0 || at < 0 ? value : source[from + at]!;
      }
    }
    return [{ type: x.type, dims, data }];
  },
});

interface Padding {
  readonly dims: readonly number[];
  readonly begin: readonly number[];
  readonly mode: string;
  readonly value: number;
  /** By axis: the input index for each output index. */
  readonly sources: readonly Int32Array[];
}

/** Padding on the backend; undefined where it is not supported or not worthwhile. */
function padRun(
  call: Evaluation,
  x: RunTensor,
  { dims, begin, mode, value, sources }: Padding,
): RepeatedRun | undefined {
  const { backend, threads } = call;
  if (x.data.length === 0 || dims.includes(0)) return undefined;
  if (mode === 'constant') {
    const start = begin.map((pads) => Math.max(0, pads));
    const sizes = dims.map((size, i) => Math.min(size, begin[i]! + x.dims[i]!) - start[i]!);
    if (sizes.some((size) => size <= 0)) return undefined;
    const [own, to] = [stridesOf(x.dims), stridesOf(dims)];
    const first = own.reduce((sum, stride, i) => sum + Math.max(0, -begin[i]!) * stride, 0);
    const place = to.reduce((sum, stride, i) => sum + start[i]! * stride, 0);
    const places = copyPlaces(sizes, own, to, first, place);
    const run = places && copyRun(call, places, elementCount(sizes));
    if (run === undefined) return undefined;
    return (from, _, y) => {
      (y as Float32Array).fill(value);
      run(from, undefined, y);
    };
  }
  const plane = dims.length - 2;
  const within = dims.every((size, i) => i >= plane || (size === x.dims[i] && begin[i] === 0));
  if (backend.resample === undefined || !within || !(x.data instanceof Float32Array)) {
    return undefined;
  }
  const axisOf = (i: number): ResampleAxis => {
    const [input, output] = i < 0 ? [1, 1] : [x.dims[i]!, dims[i]!];
    const index = sources[i] ?? Int32Array.of(0);
    return { input, output, width: 1, index, weight: undefined };
  };
  const axes = [axisOf(plane), axisOf(plane + 1)] as const;
  const planes = elementCount(dims.slice(0, Math.max(0, plane)));
  return (from, _, to) => {
    const [source, y] = [from as Float32Array, to as Float32Array];
    backend.resample!({ x: source, y, planes, axes, threads });
  };
}

/** The value to pad with: an attribute before opset 11, a scalar input since. Default: zero. */
function fillValue(node: Node, x: RunTensor, input: RunTensor | undefined): number {
  const zero = (x.type === 'int64' || x.type === 'uint64' ? 0n : 0) as number;
  const value =
    node.opset < 11
      ? node.attribute('value', 'float')
      : (input?.data[0] as number | string | undefined);
  if (value === undefined) return zero;
  if (typeof value === typeof zero) return value as number;
  throw nodeError(node, 'ERR_MODEL', `expected a constant of type ${x.type}, received ${value}`);
}
