// GlobalAveragePool, GlobalMaxPool, GlobalLpPool: one number per channel and image.

import type { FloatArray, PoolSpec } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import type { TensorData } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { Operator } from './operator.js';
import { keptPool, runPool, wholePlanes } from './pool.js';
import { floatsOf, required } from './run-tensor.js';
import { operator } from './schema.js';

/** Reduces elements [from, to) to one number. */
type Reduction = (x: FloatArray, from: number, to: number, node: Node) => number;

const average: Reduction = (x, from, to) => {
  let sum = 0;
  for (let i = from; i < to; i++) sum += x[i]!;
  return sum / (to - from);
};

const maximum: Reduction = (x, from, to) => {
  let best = -Infinity;
  for (let i = from; i < to; i++) best = Math.max(best, x[i]!);
  return best;
};

const norm: Reduction = (x, from, to, node) => {
  const p = node.attribute('p', 'int') ?? 2;
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.abs(x[i]!) ** p;
  return sum ** (1 / p);
};

function globalPool(opType: string, reduction: Reduction, kind?: PoolSpec['kind']): Operator {
  return operator(opType, {
    infer: (_node, [x]) => [
      { type: x?.type, dims: x?.dims?.map((size, axis) => (axis < 2 ? size : 1)) },
    ],
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      const pool = keptPool(call, x.dims, () => wholePlanes(x.dims));
      const source = floatsOf(call.node, x);
      const plane = elementCount(x.dims.slice(2));
      const loop = (y: TensorData): void => {
        const data = y as FloatArray;
        for (let i = 0; i < data.length; i++) {
          data[i] = reduction(source, i * plane, (i + 1) * plane, call.node);
        }
      };
      if (kind !== undefined) return [runPool(call, pool, x, kind, false, loop)];
      const data = call.allocate(x.type, pool.outDims);
      loop(data);
      return [{ type: x.type, dims: pool.outDims, data }];
    },
  });
}

export const globalPools: readonly Operator[] = [
  globalPool('GlobalAveragePool', average, 'mean'),
  globalPool('GlobalMaxPool', maximum, 'max'),
  globalPool('GlobalLpPool', norm),
];
