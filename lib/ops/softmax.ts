// Softmax, LogSoftmax and Hardmax. Before opset 13 the axis splits the tensor into a matrix whose
// rows are normalised, and is 1 by default; from 13 on only that axis is, the last by default.

import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { likeInput } from './facts.js';
import type { Operator, RepeatedRun } from './operator.js';
import { runRepeatable } from './repeatable.js';
import { floatsOf, required } from './run-tensor.js';
import { axisOf, operator } from './schema.js';

/** Normalises `size` elements from `start` in steps of `step`. */
type Row = (x: FloatArray, y: FloatArray, start: number, size: number, step: number) => void;

function largest(x: FloatArray, start: number, end: number, step: number): number {
  let best = -Infinity;
  for (let i = start; i < end; i += step) if (x[i]! > best) best = x[i]!;
  return best;
}

const softmax: Row = (x, y, start, size, step) => {
  const end = start + size * step;
  const best = largest(x, start, end, step);
  let sum = 0;
  for (let i = start; i < end; i += step) sum += Math.exp(x[i]! - best);
  for (let i = start; i < end; i += step) y[i] = Math.exp(x[i]! - best) / sum;
};

const logSoftmax: Row = (x, y, start, size, step) => {
  const end = start + size * step;
  const best = largest(x, start, end, step);
  let sum = 0;
  for (let i = start; i < end; i += step) sum += Math.exp(x[i]! - best);
  const shift = Math.log(sum);
  for (let i = start; i < end; i += step) y[i] = x[i]! - best - shift;
};

/** 1 at the first of the largest elements, 0 elsewhere. */
const hardmax: Row = (x, y, start, size, step) => {
  const end = start + size * step;
  const best = largest(x, start, end, step);
  let found = false;
  for (let i = start; i < end; i += step) {
    y[i] = !found && x[i] === best ? 1 : 0;
    found ||= x[i] === best;
  }
};

function extents(node: Node, dims: readonly number[]): readonly [number, number, number] {
  const flattened = node.opset < 13;
  const axis = node.attribute('axis', 'int') ?? (flattened ? 1 : -1);
  // A flattening axis may also be one past the last.
  const at = flattened && axis === dims.length ? axis : axisOf(node, axis, dims.length);
  const outer = elementCount(dims.slice(0, at));
  if (flattened) return [outer, elementCount(dims.slice(at)), 1];
  return [outer, dims[at]!, elementCount(dims.slice(at + 1))];
}

/** @param log whether to take the logarithm; undefined where the backend has no such function */
function family(opType: string, row: Row, log?: boolean): Operator {
  return operator(opType, {
    infer: likeInput,
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      const [outer, size, inner] = extents(call.node, x.dims);
      const source = floatsOf(call.node, x);
      const { backend, threads } = call;
      if (log !== undefined && backend.softmax !== undefined && source instanceof Float32Array) {
        const run: RepeatedRun = (from, _, to) => {
          const [x, y] = [from as Float32Array, to as Float32Array];
          backend.softmax!({ log, x, y, outer, size, inner, threads });
        };
        return [
          runRepeatable(call, source, { type: x.type, dims: x.dims, layout: undefined, run }),
        ];
      }
      const data = call.allocate(x.type, x.dims) as FloatArray;
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) row(source, data, o * size * inner + i, size, inner);
      }
      return [{ ...x, data }];
    },
  });
}

export const softmaxes: readonly Operator[] = [
  family('Softmax', softmax, false),
  family('LogSoftmax', logSoftmax, true),
  family('Hardmax', hardmax),
];
