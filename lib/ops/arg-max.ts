// ArgMax and ArgMin: the index of the largest or smallest element along one axis.

import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import type { Operator, ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { axisOf, operator } from './schema.js';

function outDims<D extends Dim>(node: Node, dims: readonly D[], axis: number): (D | 1)[] {
  return (node.attribute('keepdims', 'int') ?? 1) === 1
    ? dims.map((size, at) => (at === axis ? 1 : size))
    : dims.filter((_, at) => at !== axis);
}

function argument(opType: string, better: (x: number, best: number) => boolean): Operator {
  return operator(opType, {
    infer(node, [x]): ValueFacts[] {
      if (x?.dims === undefined) return [{ type: 'int64', dims: undefined }];
      const axis = axisOf(node, node.attribute('axis', 'int') ?? 0, x.dims.length);
      return [{ type: 'int64', dims: outDims(node, x.dims, axis) }];
    },
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      const axis = axisOf(node, node.attribute('axis', 'int') ?? 0, x.dims.length);
      const last = node.attribute('select_last_index', 'int') === 1;
      const source = x.data as ArrayLike<number>;
      const size = x.dims[axis]!;
      const inner = elementCount(x.dims.slice(axis + 1));
      const outer = elementCount(x.dims.slice(0, axis));
      const dims = outDims(node, x.dims, axis);
      const data = call.allocate('int64', dims) as BigInt64Array;
      for (let o = 0, at = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          const from = o * size * inner + i;
          let best = 0;
          for (let k = 1; k < size; k++) {
            const value = source[from + k * inner]!;
            const old = source[from + best * inner]!;
            if (better(value, old) || (last && value === old)) best = k;
          }
          data[at++] = BigInt(best);
        }
      }
      return [{ type: 'int64', dims, data }];
    },
  });
}

export const arguments_: readonly Operator[] = [
  argument('ArgMax', (x, best) => x > best),
  argument('ArgMin', (x, best) => x < best),
];
