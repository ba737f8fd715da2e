// ReduceSum, ReduceMean, ReduceMax and similar ones: one number for all elements along some axes.

import type { PoolSpec } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { isFloatType } from '../tensor/dtype.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import type { NumberArray } from './elementwise.js';
import { typeOnly } from './facts.js';
import { listFacts, listOf } from './list-parameter.js';
import type { Evaluation, Operator, RepeatedRun, RunTensor, ValueFacts } from './operator.js';
import { keptPool, runBlockedPool, wholePlanes } from './pool.js';
import { REDUCTIONS, type Reduction, type RowStep } from './reduction-steps.js';
import { othersConstant, runRepeatable } from './repeatable.js';
import { isWide, numbersOf, required } from './run-tensor.js';
import { axisOf, operator, unsupportedType } from './schema.js';

/**
 * The axes to reduce. If there are none (noop_with_empty_axes), each element is still reduced by
 * itself: ReduceSumSquare squares it.
 */
function reducedAxes(
  node: Node,
  rank: number,
  list: readonly number[] | undefined,
): ReadonlySet<number> {
  if (list === undefined || list.length === 0) {
    if (node.attribute('noop_with_empty_axes', 'int') === 1) return new Set();
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

/** Sums over the last axes on the backend; undefined where the operator's own loop must run. */
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

/** Reductions of whole planes that the backend has as pools, also on blocks of channels. */
const PLANE_POOLS: Readonly<Record<string, PoolSpec['kind']>> = {
  ReduceMean: 'mean',
  ReduceMax: 'max',
};

/** Whether a node gives one number for each plane of N x C x H x W, and can take blocks. */
export function reducesPlanes(node: Node, inputs: readonly (ValueFacts | undefined)[]): boolean {
  if (PLANE_POOLS[node.opType] === undefined || inputs[0]?.dims?.length !== 4) return false;
  const list = listFacts(node, inputs, 1, 'axes');
  if (list === undefined || list === 'unknown' || list.length !== 2) return false;
  const axes = reducedAxes(node, 4, list);
  return axes.has(2) && axes.has(3);
}

/** Offsets of the elements to reduce. Consecutive outputs have consecutive elements. */
interface Walk {
  /** Offset of the first element of each run of outputs. */
  readonly outer: Int32Array;
  /** Offsets from there to the further elements of the same outputs. */
  readonly inner: Int32Array;
  /** Outputs of a run. */
  readonly length: number;
}

function walkOf(dims: readonly number[], axes: ReadonlySet<number>): Walk {
  const strides = stridesOf(dims);
  const last = Math.max(-1, ...axes);
  const at = (list: readonly number[]): Int32Array => {
    const sizes = list.map((axis) => dims[axis]!);
    return outerOffsets(
      sizes,
      list.map((axis) => strides[axis]!),
      elementCount(sizes),
    );
  };
  const before = dims.map((_, axis) => axis).slice(0, last + 1);
  return {
    outer: at(before.filter((axis) => !axes.has(axis))),
    inner: at(before.filter((axis) => axes.has(axis))),
    length: elementCount(dims.slice(last + 1)),
  };
}

/**
 * Reduces in the order of memory: where outputs are consecutive, row after row into as many sums.
 *
 * @param whole whether results are whole numbers, whose fractions are cut off
 */
function repeatedReduction(
  { start, step, finish, row = rowOf(step) }: Reduction,
  { outer, inner, length }: Walk,
  whole: boolean,
): RepeatedRun {
  const sums = new Float64Array(length);
  return (from, _, to) => {
    const [x, y] = [from, to] as [NumberArray, NumberArray];
    for (let o = 0; o < outer.length; o++) {
      const base = outer[o]!;
      sums.fill(start);
      if (length === 1) {
        let sum = start;
        for (let k = 0; k < inner.length; k++) sum = step(sum, x[base + inner[k]!]!);
        sums[0] = sum;
      } else {
        for (let k = 0; k < inner.length; k++) row(sums, x, base + inner[k]!);
      }
      for (let i = 0; i < length; i++) {
        const sum = finish === undefined ? sums[i]! : finish(sums[i]!, inner.length);
        y[o * length + i] = whole ? Math.trunc(sum) : sum;
      }
    }
  };
}

function rowOf(step: Reduction['step']): RowStep {
  return (sums, x, at) => {
    for (let i = 0; i < sums.length; i++) sums[i] = step(sums[i]!, x[at + i]!);
  };
}

function operatorFor(opType: string, reduction: Reduction): Operator {
  const { divisor } = reduction;
  return operator(opType, {
    inputs: [1, 2],
    infer(node, inputs): ValueFacts[] {
      const [x] = inputs;
      const list = listFacts(node, inputs, 1, 'axes');
      if (x?.dims === undefined || list === 'unknown') return [typeOnly(x)];
      return [
        { type: x.type, dims: reducedDims(node, x.dims, reducedAxes(node, x.dims.length, list)) },
      ];
    },
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      const axes = reducedAxes(node, x.dims.length, listOf(node, inputs, 1, 'axes'));
      if (x.type === 'string' || x.type === 'bool') {
        throw unsupportedType(node, x.type);
      }
      const dims = reducedDims(node, x.dims, axes);
      if (x.layout !== undefined) {
        const pool = keptPool(call, x.dims, () => ({ ...wholePlanes(x.dims), outDims: dims }));
        return [runBlockedPool(call, pool, x, x.layout, PLANE_POOLS[node.opType]!, false)];
      }
      const found = divisor && sumRows(call, inputs, axes, dims, divisor);
      if (found !== undefined) return [found];
      const run = repeatedReduction(reduction, walkOf(x.dims, axes), !isFloatType(x.type));
      if (!isWide(x.type)) {
        const how = { type: x.type, dims, layout: undefined, run };
        return [runRepeatable(call, x.data, how, othersConstant(call, inputs))];
      }
      const sums = new Float64Array(elementCount(dims));
      run(Float64Array.from(numbersOf(x)), undefined, sums);
      const data = call.allocate(x.type, dims) as BigInt64Array;
      sums.forEach((sum, at) => (data[at] = BigInt(sum)));
      return [{ type: x.type, dims, data }];
    },
  });
}

export const reductions: readonly Operator[] = REDUCTIONS.map(([opType, f]) =>
  operatorFor(opType, f),
);
