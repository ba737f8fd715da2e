import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import { elementsOf, typeOnly } from './facts.js';
import type { RunTensor, ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { ANY, axisOf, nodeError, operator } from './schema.js';
import { copyElements } from './strided.js';

/** Opset 1 takes axis 1 where none is given. */
function concatAxis(node: Node, rank: number): number {
  const axis = node.attribute('axis', 'int') ?? (node.opset < 4 ? 1 : undefined);
  if (axis === undefined) throw nodeError(node, 'ERR_MODEL', 'axis is missing');
  return axisOf(node, axis, rank);
}

export const concat = operator('Concat', {
  inputs: [1, ANY],
  infer(node, inputs): ValueFacts[] {
    const shapes = inputs.map((input) => input?.dims);
    const rank = shapes.find((dims) => dims !== undefined)?.length;
    if (rank === undefined) return [typeOnly(inputs[0])];
    const axis = concatAxis(node, rank);
    const dims: Dim[] = Array.from({ length: rank }, (_, at) => {
      const sizes = shapes.map((shape) => shape?.[at]);
      if (at !== axis) {
        return sizes.find((size) => typeof size === 'number') ?? sizes.find((size) => size);
      }
      return sizes.every((size) => typeof size === 'number')
        ? sizes.reduce((sum, size) => sum + size, 0)
        : undefined;
    });
    const parts = rank === 1 ? inputs.map(elementsOf) : [undefined];
    const elements = parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    return [{ type: inputs[0]?.type, dims, elements }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const parts: RunTensor[] = inputs.map((_, i) => required(node, inputs, i));
    const first = parts[0]!;
    const axis = concatAxis(node, first.dims.length);
    const fits = parts.every(
      ({ type, dims }) =>
        type === first.type &&
        dims.length === first.dims.length &&
        dims.every((size, at) => at === axis || size === first.dims[at]),
    );
    if (!fits) throw nodeError(node, 'ERR_MODEL', 'inputs differ off the axis, or in type');
    const dims = [...first.dims];
    dims[axis] = parts.reduce((sum, part) => sum + part.dims[axis]!, 0);
    const data = call.allocate(first.type, dims);
    const outer = elementCount(dims.slice(0, axis));
    for (let o = 0, at = 0; o < outer; o++) {
      for (const part of parts) {
        const count = part.data.length / outer;
        copyElements(data, at, part.data, o * count, count);
        at += count;
      }
    }
    return [{ type: first.type, dims, data }];
  },
});
