import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { dimsText, elementCount } from '../tensor/shape.js';
import { elementsOf, typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** Copies the input's dimension where the target says 0, unless allowzero is set. */
function withZeros(node: Node, dims: readonly Dim[], target: readonly Dim[]): Dim[] {
  if (node.attribute('allowzero', 'int') === 1) return [...target];
  return target.map((size, axis) => (size === 0 ? dims[axis] : size));
}

/**
 * The new dimensions, with -1 resolved. Symbols on both sides cancel, so that [N, -1] over [N, 64,
 * 7, 7] is [N, 3136] for any N.
 */
function resolve(node: Node, dims: readonly Dim[], target: readonly Dim[]): Dim[] {
  const out = withZeros(node, dims, target);
  const hole = out.indexOf(-1);
  if (hole < 0) return out;
  const left = [...dims];
  let divisor = 1;
  for (const [axis, size] of out.entries()) {
    if (axis === hole) continue;
    if (typeof size === 'number') {
      divisor *= size;
      continue;
    }
    const twin = size === undefined ? -1 : left.indexOf(size);
    if (twin < 0) return out.map((keep, i) => (i === hole ? undefined : keep));
    left.splice(twin, 1);
  }
  if (!left.every((size) => typeof size === 'number')) {
    // If a single symbol is left, it is the size.
    const only = left.filter((size) => size !== 1);
    out[hole] = divisor === 1 && only.length === 1 ? only[0] : undefined;
    return out;
  }
  const count = elementCount(left);
  if (divisor === 0 ? count !== 0 : count % divisor !== 0) {
    throw nodeError(node, 'ERR_MODEL', `cannot make ${dimsText(target)} of ${dimsText(dims)}`);
  }
  out[hole] = divisor === 0 ? 0 : count / divisor;
  return out;
}

/** The same elements under other dimensions. Opset 1 has the target in an attribute. */
export const reshape = operator('Reshape', {
  inputs: [1, 2],
  view: true,
  infer(node, [x, shape]): ValueFacts[] {
    const target = node.opset < 5 ? node.attribute('shape', 'ints') : elementsOf(shape);
    const dims = x?.dims;
    if (target === undefined) {
      const rank = shape?.dims?.[0];
      return typeof rank === 'number' && rank <= 64
        ? [{ type: x?.type, dims: new Array<Dim>(rank).fill(undefined) }]
        : [typeOnly(x)];
    }
    const known = target.map((size) => (typeof size === 'number' && size < 1 ? undefined : size));
    if (dims === undefined) return [{ type: x?.type, dims: known }];
    return [{ type: x?.type, dims: resolve(node, dims, target) }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const target =
      node.opset < 5
        ? (node.attribute('shape', 'ints') ?? [])
        : numbersOf(required(node, inputs, 1));
    const dims = resolve(node, x.dims, target) as number[];
    if (dims.includes(-1) || elementCount(dims) !== x.data.length) {
      throw nodeError(node, 'ERR_MODEL', `cannot make ${dimsText(target)} of ${dimsText(x.dims)}`);
    }
    return [{ type: x.type, dims, data: x.data }];
  },
});
