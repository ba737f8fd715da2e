// GatherElements and GatherND: elements, or whole subtensors, selected by indices.

import type { Node } from '../ir/node.js';
import { typeOnly } from './facts.js';
import { placesAlong, tuplesOf, tupleWidth } from './indices.js';
import type { Operator, ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { axisOf, operator } from './schema.js';
import { copyElements, type Elements } from './strided.js';

function axisAttribute(node: Node, rank: number): number {
  return axisOf(node, node.attribute('axis', 'int') ?? 0, rank);
}

/** y[i, j, k] = x[i, indices[i, j, k], k] for axis 1, and so on. */
const gatherElements = operator('GatherElements', {
  since: 11,
  inputs: [2, 2],
  infer(node, [x, indices]): ValueFacts[] {
    if (x?.dims !== undefined) axisAttribute(node, x.dims.length);
    return [{ type: x?.type, dims: indices?.dims }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const indices = required(node, inputs, 1);
    const places = placesAlong(node, x.dims, indices, axisAttribute(node, x.dims.length));
    const data = call.allocate(x.type, indices.dims);
    const [source, out] = [x.data as unknown as Elements, data as unknown as Elements];
    for (let i = 0; i < places.length; i++) out[i] = source[places[i]!]!;
    return [{ type: x.type, dims: indices.dims, data }];
  },
});

/** y[i, ...] = x[indices[i, 0], indices[i, 1], ..., ...], within each of the first batch_dims axes. */
const gatherND = operator('GatherND', {
  since: 11,
  inputs: [2, 2],
  infer(node, [x, indices]): ValueFacts[] {
    if (x?.dims === undefined || indices?.dims === undefined) return [typeOnly(x)];
    const batchDims = node.attribute('batch_dims', 'int') ?? 0;
    const width = tupleWidth(node, x.dims, indices.dims, batchDims);
    if (typeof width !== 'number') return [typeOnly(x)];
    return [
      { type: x.type, dims: [...indices.dims.slice(0, -1), ...x.dims.slice(batchDims + width)] },
    ];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const batchDims = node.attribute('batch_dims', 'int') ?? 0;
    const { places, length, dims } = tuplesOf(node, x.dims, required(node, inputs, 1), batchDims);
    const data = call.allocate(x.type, dims);
    const [source, out] = [x.data as unknown as Elements, data as unknown as Elements];
    for (let row = 0; row < places.length; row++) {
      if (length === 1) out[row] = source[places[row]!]!;
      else copyElements(data, row * length, x.data, places[row]!, length);
    }
    return [{ type: x.type, dims, data }];
  },
});

export const gathersByElement: readonly Operator[] = [gatherElements, gatherND];
