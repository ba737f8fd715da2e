import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import { copyPlaces } from '../backend/copy.js';
import type { BlockedLayout } from '../backend/layout.js';
import { joinCopy } from './block-copy.js';
import { elementsOf, typeOnly } from './facts.js';
import type { Evaluation, MovedRun, RepeatedRun, RunTensor, ValueFacts } from './operator.js';
import { runMovable } from './repeatable.js';
import { required } from './run-tensor.js';
import { ANY, axisOf, nodeError, operator } from './schema.js';
import { copyElements, copyRun } from './strided.js';

/** Opset 1 takes axis 1 where none is given. */
function concatAxis(node: Node, rank: number): number {
  const axis = node.attribute('axis', 'int') ?? (node.opset < 4 ? 1 : undefined);
  if (axis === undefined) throw nodeError(node, 'ERR_MODEL', 'axis is missing');
  return axisOf(node, axis, rank);
}

/** Where one input goes: `outer` runs of `count` elements into rows of `total`, from `at` on. */
interface Part {
  readonly outer: number;
  readonly count: number;
  readonly total: number;
  readonly at: number;
}

function runInto(
  call: Evaluation,
  data: RunTensor['data'],
  { outer, count, total, at }: Part,
): RepeatedRun {
  const whole = outer === 1 || !ArrayBuffer.isView(data);
  const places = whole ? undefined : copyPlaces([outer, count], [count, 1], [total, 1], 0, at);
  const run = places && copyRun(call, places, outer * count);
  if (run !== undefined) return run;
  return (from, _, to) => {
    for (let o = 0; o < outer; o++) copyElements(to, o * total + at, from, o * count, count);
  };
}

/** runInto() for tensors in blocks, where each part begins at a block. */
function blocksInto(
  call: Evaluation,
  parts: readonly RunTensor[],
  dims: readonly number[],
  layout: BlockedLayout,
): RepeatedRun[] {
  let at = 0;
  return parts.map((part) => {
    const source = { dims: part.dims, layout: part.layout!, from: 0 };
    at += part.dims[1]!;
    return joinCopy(call, part.dims, source, { dims, layout, from: at - part.dims[1]! });
  });
}

/** A separate function: a closure of evaluate() would keep the tensors of the first run alive. */
function inTurn(runs: readonly RepeatedRun[]): MovedRun {
  return (from, to) => runs.forEach((run, i) => run(from[i]!, undefined, to));
}

export const concat = operator('Concat', {
  inputs: [1, ANY],
  infer(node, inputs): ValueFacts[] {
    const shapes = inputs.map((input) => input?.dims);
    const rank = shapes.find((dims) => dims !== undefined)?.length;
    if (rank === undefined) return [typeOnly(inputs[0])];
    const axis = concatAxis(node, rank);
    const dims: Dim[] = Array.from({ length: rank }, (_, at) => {
      const sizes = shapes.map((shape) => shape?.[at]);
      if (at !== axis) {
        return sizes.find((size) => typeof size === 'number') ?? sizes.find((size) => size);
      }
      return sizes.every((size) => typeof size === 'number')
        ? sizes.reduce((sum, size) => sum + size, 0)
        : undefined;
    });
    const parts = rank === 1 ? inputs.map(elementsOf) : [undefined];
    const elements = parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    return [{ type: inputs[0]?.type, dims, elements }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const parts: RunTensor[] = inputs.map((_, i) => required(node, inputs, i));
    const first = parts[0]!;
    const axis = concatAxis(node, first.dims.length);
    const fits = parts.every(
      ({ type, dims }) =>
        type === first.type &&
        dims.length === first.dims.length &&
        dims.every((size, at) => at === axis || size === first.dims[at]),
    );
    if (!fits) throw nodeError(node, 'ERR_MODEL', 'inputs differ in type, rank or other axes');
    const dims = [...first.dims];
    dims[axis] = parts.reduce((sum, part) => sum + part.dims[axis]!, 0);
    const { layout } = call;
    if (layout !== undefined) {
      const run = inTurn(blocksInto(call, parts, dims, layout));
      return runMovable(call, parts, [{ type: first.type, dims, layout, run }], true);
    }
    const outer = elementCount(dims.slice(0, axis));
    const total = elementCount(dims.slice(axis));
    let at = 0;
    const runs = parts.map((part) => {
      const count = elementCount(part.dims.slice(axis));
      at += count;
      return runInto(call, part.data, { outer, count, total, at: at - count });
    });
    return runMovable(call, parts, [{ type: first.type, dims, run: inTurn(runs) }], true);
  },
});
