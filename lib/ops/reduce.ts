// ReduceSum, ReduceMean, ReduceMax and their kin: one number for all elements along some axes.

import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { isFloatType } from '../tensor/dtype.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import type { NumberArray } from './elementwise.js';
import { typeOnly } from './facts.js';
import { listFacts, listOf } from './list-parameter.js';
import type { Evaluation, Operator, RepeatedRun, RunTensor, ValueFacts } from './operator.js';
import { othersConstant, runRepeatable } from './repeatable.js';
import { isWide, numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';

/** What is summed up, where to start, and what becomes of it at the end. */
interface Reduction {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  readonly finish?: (sum: number, count: number) => number;
  /** Of sums, which the backend may have: what the sum of `count` elements is divided by. */
  readonly divisor?: (count: number) => number;
}

const TABLE: readonly (readonly [string, Reduction])[] = [
  ['ReduceSum', { start: 0, step: (sum, x) => sum + x, divisor: () => 1 }],
  [
    'ReduceMean',
    {
      ...{ start: 0, step: (sum, x) => sum + x },
      finish: (sum, count) => sum / count,
      divisor: (count) => count,
    },
  ],
  ['ReduceMax', { start: -Infinity, step: (best, x) => (x > best || x !== x ? x : best) }],
  ['ReduceMin', { start: Infinity, step: (best, x) => (x < best || x !== x ? x : best) }],
  ['ReduceProd', { start: 1, step: (product, x) => product * x }],
  ['ReduceL1', { start: 0, step: (sum, x) => sum + Math.abs(x) }],
  ['ReduceL2', { start: 0, step: (sum, x) => sum + x * x, finish: Math.sqrt }],
  ['ReduceSumSquare', { start: 0, step: (sum, x) => sum + x * x }],
  ['ReduceLogSum', { start: 0, step: (sum, x) => sum + x, finish: Math.log }],
  ['ReduceLogSumExp', { start: 0, step: (sum, x) => sum + Math.exp(x), finish: Math.log }],
];

/** Which axes go. undefined: none do (noop_with_empty_axes). */
function reducedAxes(
  node: Node,
  rank: number,
  list: readonly number[] | undefined,
): ReadonlySet<number> | undefined {
  if (list === undefined || list.length === 0) {
    if (node.attribute('noop_with_empty_axes', 'int') === 1) return undefined;
    return new Set(Array.from({ length: rank }, (_, axis) => axis));
  }
  return new Set(list.map((axis) => axisOf(node, axis, rank)));
}

function reducedDims<D extends Dim>(
  node: Node,
  dims: readonly D[],
  axes: ReadonlySet<number>,
): (D | 1)[] {
  return (node.attribute('keepdims', 'int') ?? 1) === 1
    ? dims.map((size, axis) => (axes.has(axis) ? 1 : size))
    : dims.filter((_, axis) => !axes.has(axis));
}

/** Sums over the last axes by the backend; undefined where that has to be done here. */
function sumRows(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
  axes: ReadonlySet<number>,
  dims: readonly number[],
  divisor: (count: number) => number,
): RunTensor | undefined {
  const { backend, threads } = call;
  const { type, data, dims: from } = inputs[0]!;
  if (backend.sumRows === undefined || !(data instanceof Float32Array)) return undefined;
  const first = from.length - axes.size;
  if (data.length === 0 || ![...axes].every((axis) => axis >= first)) return undefined;
  const size = elementCount(from.slice(first));
  const run: RepeatedRun = (source, _, out) => {
    const [x, y] = [source as Float32Array, out as Float32Array];
    backend.sumRows!({ x, y, size, divisor: divisor(size), threads });
  };
  const how = { type, dims, layout: undefined, run };
  return runRepeatable(call, data, how, othersConstant(call, inputs));
}

function reduction(opType: string, { start, step, finish, divisor }: Reduction): Operator {
  return operator(opType, {
    inputs: [1, 2],
    infer(node, inputs): ValueFacts[] {
      const [x] = inputs;
      const list = listFacts(node, inputs, 1, 'axes');
      if (x?.dims === undefined || list === 'unknown') return [typeOnly(x)];
      const axes = reducedAxes(node, x.dims.length, list);
      return [
        { type: x.type, dims: axes === undefined ? x.dims : reducedDims(node, x.dims, axes) },
      ];
    },
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      const axes = reducedAxes(node, x.dims.length, listOf(node, inputs, 1, 'axes'));
      if (axes === undefined) return [x];
      if (x.type === 'string' || x.type === 'bool') {
        throw nodeError(node, 'ERR_UNSUPPORTED', `${x.type} elements are not supported`);
      }
      const dims = reducedDims(node, x.dims, axes);
      const found = divisor && sumRows(call, inputs, axes, dims, divisor);
      if (found !== undefined) return [found];
      const wide = isWide(x.type);
      const source = (wide ? numbersOf(x) : x.data) as NumberArray;
      const own = stridesOf(x.dims);
      const kept = x.dims.map((_, axis) => axis).filter((axis) => !axes.has(axis));
      const gone = [...axes].sort((a, b) => a - b);
      const at = (list: readonly number[]): Int32Array => {
        const sizes = list.map((axis) => x.dims[axis]!);
        return outerOffsets(
          sizes,
          list.map((axis) => own[axis]!),
          elementCount(sizes),
        );
      };
      const outer = at(kept);
      const inner = at(gone);
      const data = call.allocate(x.type, dims);
      const whole = !isFloatType(x.type);
      for (let i = 0; i < outer.length; i++) {
        const base = outer[i]!;
        let sum = start;
        for (let k = 0; k < inner.length; k++) sum = step(sum, source[base + inner[k]!]!);
        if (finish !== undefined) sum = finish(sum, inner.length);
        if (whole) sum = Math.trunc(sum);
        if (wide) (data as BigInt64Array)[i] = BigInt(sum);
        else (data as Float32Array)[i] = sum;
      }
      return [{ type: x.type, dims, data }];
    },
  });
}

export const reductions: readonly Operator[] = TABLE.map(([opType, f]) => reduction(opType, f));
