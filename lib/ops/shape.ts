// Shape and Size: dimensions as data.

import { elementCount } from '../tensor/shape.js';
import { knownDims } from './facts.js';
import type { Operator, ValueFacts } from './operator.js';
import { int64Vector, required } from './run-tensor.js';
import { operator } from './schema.js';
import type { Node } from '../ir/node.js';

/** The part of the dimensions that the node asks for (opset 15 has start and end). */
function part<D>(node: Node, dims: readonly D[]): readonly D[] {
  return dims.slice(
    node.attribute('start', 'int') ?? 0,
    node.attribute('end', 'int') ?? dims.length,
  );
}

export const shapes: readonly Operator[] = [
  operator('Shape', {
    infer(node, [x]): ValueFacts[] {
      const elements = x?.dims && part(node, x.dims);
      return [{ type: 'int64', dims: [elements?.length], elements }];
    },
    evaluate: (call, inputs) => [int64Vector(part(call.node, required(call.node, inputs, 0).dims))],
  }),
  operator('Size', {
    infer(_node, [x]): ValueFacts[] {
      const dims = knownDims(x);
      return [{ type: 'int64', dims: [], elements: dims && [elementCount(dims)] }];
    },
    evaluate: (call, inputs) => [
      { ...int64Vector([elementCount(required(call.node, inputs, 0).dims)]), dims: [] },
    ],
  }),
];
