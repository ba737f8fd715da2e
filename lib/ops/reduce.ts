// ReduceSum, ReduceMean, ReduceMax and their kin: one number for all elements along some axes.

import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { isFloatType } from '../tensor/dtype.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import type { NumberArray } from './elementwise.js';
import { typeOnly } from './facts.js';
import { listFacts, listOf } from './list-parameter.js';
import type { Operator, ValueFacts } from './operator.js';
import { isWide, numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';

/** What is summed up, where to start, and what becomes of it at the end. */
interface Reduction {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  readonly finish?: (sum: number, count: number) => number;
}

const TABLE: readonly (readonly [string, Reduction])[] = [
  ['ReduceSum', { start: 0, step: (sum, x) => sum + x }],
  ['ReduceMean', { start: 0, step: (sum, x) => sum + x, finish: (sum, count) => sum / count }],
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

function reduction(opType: string, { start, step, finish }: Reduction): Operator {
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
      const dims = reducedDims(node, x.dims, axes);
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
