import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { elementsOf } from './facts.js';
import type { ValueFacts } from './operator.js';
import { numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';
import type { Elements } from './strided.js';

/** The new axis in the output, which has one axis more than the indices. */
function newAxis(node: Node, rank: number): number {
  return axisOf(node, node.attribute('axis', 'int') ?? -1, rank + 1);
}

/** The depth as a whole number; its tensor may have any type. @throws ConvfuseError ERR_ARGUMENT */
function depthOf(node: Node, depth: number): number {
  if (depth >= 0) return Math.trunc(depth);
  throw nodeError(node, 'ERR_ARGUMENT', `expected a depth of 0 or more, received ${depth}`);
}

/** Adds an axis of `depth` elements, which are values[1] at the index and values[0] elsewhere. */
export const oneHot = operator('OneHot', {
  since: 9,
  inputs: [3, 3],
  infer(node, [indices, depth, values]): ValueFacts[] {
    if (indices?.dims === undefined) return [{ type: values?.type, dims: undefined }];
    const size = elementsOf(depth)?.[0];
    const whole = typeof size === 'number' ? depthOf(node, size) : size;
    return [
      {
        type: values?.type,
        dims: indices.dims.toSpliced(newAxis(node, indices.dims.length), 0, whole),
      },
    ];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const { dims: places, data: indices } = required(node, inputs, 0);
    const depth = depthOf(node, numbersOf(required(node, inputs, 1))[0] ?? NaN);
    const values = required(node, inputs, 2);
    if (values.data.length !== 2)
      throw nodeError(node, 'ERR_MODEL', 'expected 2 elements in values');
    const axis = newAxis(node, places.length);
    const dims = places.toSpliced(axis, 0, depth);
    const data = call.allocate(values.type, dims);
    const out = data as unknown as Elements;
    const [off, on] = values.data as unknown as [number, number];
    for (let i = 0; i < out.length; i++) out[i] = off;
    const inner = elementCount(places.slice(axis));
    for (let i = 0; i < indices.length; i++) {
      const given = Math.trunc(Number(indices[i]));
      // In opset 9 negative indices are out of range; later they count from the end.
      const index = given < 0 && node.opset >= 11 ? given + depth : given;
      if (!(index >= 0 && index < depth)) continue;
      out[(Math.floor(i / inner) * depth + index) * inner + (i % inner)] = on;
    }
    return [{ type: values.type, dims, data }];
  },
});
