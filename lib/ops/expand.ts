import { broadcastDims, broadcastStrides } from './broadcast.js';
import { elementsOf, typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { othersConstant } from './repeatable.js';
import { numbersOf, required } from './run-tensor.js';
import { operator } from './schema.js';
import { strided } from './strided.js';

/** Broadcasts to a shape; axes where the shape says 1 keep the input's size. */
export const expand = operator('Expand', {
  since: 8,
  inputs: [2, 2],
  infer(_node, [x, shape]): ValueFacts[] {
    const target = elementsOf(shape);
    if (x?.dims === undefined || target === undefined) return [typeOnly(x)];
    return [{ type: x.type, dims: broadcastDims(x.dims, target) }];
  },
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    const target = numbersOf(required(call.node, inputs, 1));
    const dims = broadcastDims(x.dims, target) as number[];
    const strides = broadcastStrides(x.dims, dims);
    return [strided(call, x, { dims, strides }, othersConstant(call, inputs))];
  },
});
