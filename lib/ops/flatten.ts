import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { typeOnly } from './facts.js';
import { required } from './run-tensor.js';
import { axisOf, operator } from './schema.js';

function product(dims: readonly Dim[]): Dim {
  const rest = dims.filter((size) => size !== 1);
  if (rest.length === 1) return rest[0];
  return rest.every((size) => typeof size === 'number')
    ? rest.reduce((total, size) => total * size, 1)
    : undefined;
}

function matrix(node: Node, dims: readonly Dim[]): Dim[] {
  const axis = node.attribute('axis', 'int') ?? 1;
  const at = axis === dims.length ? axis : axisOf(node, axis, dims.length);
  return [product(dims.slice(0, at)), product(dims.slice(at))];
}

/** Reshapes to a matrix: the axes before `axis` become its rows, the others its columns. */
export const flatten = operator('Flatten', {
  view: true,
  infer: (node, [x]) =>
    x?.dims === undefined
      ? [{ ...typeOnly(x), dims: [undefined, undefined] }]
      : [{ type: x.type, dims: matrix(node, x.dims) }],
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    return [{ ...x, dims: matrix(call.node, x.dims) as number[] }];
  },
});
