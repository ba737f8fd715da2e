// Squeeze and Unsqueeze remove and add axes of size 1. The axes are an input from opset 13 on.

import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementsOf, typeOnly } from './facts.js';
import { listFacts, listOf } from './list-parameter.js';
import type { Operator, ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';

function squeezed<D extends Dim>(
  node: Node,
  dims: readonly D[],
  axes: readonly number[] | undefined,
): D[] {
  if (axes === undefined) return dims.filter((size) => size !== 1);
  const drop = new Set(axes.map((axis) => axisOf(node, axis, dims.length)));
  for (const axis of drop) {
    const size = dims[axis];
    if (typeof size === 'number' && size !== 1) {
      throw nodeError(node, 'ERR_MODEL', `axis ${axis} has size ${size}, not 1`);
    }
  }
  return dims.filter((_, axis) => !drop.has(axis));
}

function unsqueezed<D extends Dim>(
  node: Node,
  dims: readonly D[],
  axes: readonly number[],
): (D | 1)[] {
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(node, axis, rank)));
  if (added.size !== axes.length) throw nodeError(node, 'ERR_MODEL', 'an axis is repeated');
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : dims[next++]!));
}

/** Facts with other dimensions and the same elements, as far as these are known. */
function reshaped(x: ValueFacts | undefined, dims: readonly Dim[] | undefined): ValueFacts[] {
  const elements = dims !== undefined && dims.length <= 1 ? elementsOf(x) : undefined;
  return [{ type: x?.type, dims, elements }];
}

export const squeezes: readonly Operator[] = [
  operator('Squeeze', {
    inputs: [1, 2],
    view: true,
    infer(node, inputs) {
      const [x] = inputs;
      const axes = listFacts(node, inputs, 1, 'axes');
      if (x?.dims === undefined || axes === 'unknown') return [typeOnly(x)];
      // Without a list all axes of size 1 are removed, so all sizes must be known.
      if (axes === undefined && !x.dims.every((size) => typeof size === 'number')) {
        return [typeOnly(x)];
      }
      return reshaped(x, squeezed(node, x.dims, axes));
    },
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      const axes = listOf(call.node, inputs, 1, 'axes');
      return [{ ...x, dims: squeezed(call.node, x.dims, axes) }];
    },
  }),
  operator('Unsqueeze', {
    inputs: [1, 2],
    view: true,
    infer(node, inputs) {
      const [x] = inputs;
      const axes = listFacts(node, inputs, 1, 'axes');
      if (x?.dims === undefined || axes === 'unknown' || axes === undefined) return [typeOnly(x)];
      return reshaped(x, unsqueezed(node, x.dims, axes));
    },
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      const axes = listOf(call.node, inputs, 1, 'axes');
      if (axes === undefined) throw nodeError(call.node, 'ERR_MODEL', 'axes are missing');
      return [{ ...x, dims: unsqueezed(call.node, x.dims, axes) }];
    },
  }),
];
