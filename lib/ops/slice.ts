import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { stridesOf } from '../tensor/shape.js';
import { elementsOf, typeOnly } from './facts.js';
import { listFacts, listOf } from './list-parameter.js';
import type { ValueFacts } from './operator.js';
import { othersConstant } from './repeatable.js';
import { required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';
import { strided } from './strided.js';

/** The elements taken along one axis: `count` from `start` on, in steps of `step`. */
interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Clamps as ONNX specifies: negative bounds count from the end, and all stop at the edges. */
function rangeOf(size: number, from: number, to: number, step: number): Range {
  const clamp = (value: number, low: number, high: number): number =>
    Math.min(Math.max(value < 0 ? value + size : value, low), high);
  const start = step > 0 ? clamp(from, 0, size) : clamp(from, 0, size - 1);
  const end = step > 0 ? clamp(to, 0, size) : clamp(to, -1, size - 1);
  return { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
}

interface Lists {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly axes: readonly number[] | undefined;
  readonly steps: readonly number[] | undefined;
}

/** Ranges of the sliced axes; undefined for an axis of unknown size that is not taken whole. */
function ranges(node: Node, dims: readonly Dim[], lists: Lists): Map<number, Range | undefined> {
  const result = new Map<number, Range | undefined>();
  lists.starts.forEach((start, i) => {
    const axis = axisOf(node, lists.axes?.[i] ?? i, dims.length);
    const step = lists.steps?.[i] ?? 1;
    const end = lists.ends[i];
    if (step === 0 || end === undefined)
      throw nodeError(node, 'ERR_MODEL', 'a step is 0, or an end is missing');
    const size = dims[axis];
    if (typeof size === 'number') result.set(axis, rangeOf(size, start, end, step));
    else if (start !== 0 || end < 2 ** 31 - 1 || step !== 1) result.set(axis, undefined);
  });
  return result;
}

/** Opset 1 has starts, ends and axes as attributes; from 10 on they are inputs, with steps. */
export const slice = operator('Slice', {
  inputs: [1, 5],
  infer(node, inputs): ValueFacts[] {
    const [x] = inputs;
    const starts = listFacts(node, inputs, 1, 'starts');
    const ends = listFacts(node, inputs, 2, 'ends');
    const axes = listFacts(node, inputs, 3, 'axes');
    const steps = listFacts(node, inputs, 4, 'steps');
    if (x?.dims === undefined) return [typeOnly(x)];
    if (
      !Array.isArray(starts) ||
      !Array.isArray(ends) ||
      axes === 'unknown' ||
      steps === 'unknown'
    ) {
      return [{ type: x.type, dims: x.dims.map(() => undefined) }];
    }
    const taken = ranges(node, x.dims, { starts, ends, axes, steps });
    const dims = x.dims.map((size, axis) => (taken.has(axis) ? taken.get(axis)?.count : size));
    const range = taken.get(0);
    const known = x.dims.length === 1 ? elementsOf(x) : undefined;
    const elements =
      known !== undefined && range !== undefined
        ? Array.from({ length: range.count }, (_, i) => known[range.start + i * range.step])
        : undefined;
    return [{ type: x.type, dims, elements }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const starts = listOf(node, inputs, 1, 'starts') ?? [];
    const ends = listOf(node, inputs, 2, 'ends') ?? [];
    const axes = listOf(node, inputs, 3, 'axes');
    const steps = listOf(node, inputs, 4, 'steps');
    const taken = ranges(node, x.dims, { starts, ends, axes, steps });
    const strides = stridesOf(x.dims);
    const dims = [...x.dims];
    let offset = 0;
    for (const [axis, range] of taken) {
      if (range === undefined) continue;
      offset += range.start * strides[axis]!;
      strides[axis]! *= range.step;
      dims[axis] = range.count;
    }
    return [strided(call, x, { dims, strides, offset }, othersConstant(call, inputs))];
  },
});
