import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { constantNumbers, likeInput } from './facts.js';
import { ringOf } from './ring.js';
import { numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator, unsupportedType } from './schema.js';
import type { Elements } from './strided.js';

/** The axis, which must be the only element of a list. @throws ConvfuseError ERR_MODEL */
function axisIn(node: Node, list: readonly number[], rank: number): number {
  if (list.length !== 1)
    throw nodeError(node, 'ERR_MODEL', `expected 1 axis, received ${list.length}`);
  return axisOf(node, list[0]!, rank);
}

/**
 * y[i] = x[0] + ... + x[i] along an axis; `exclusive` leaves out x[i], `reverse` starts from the
 * end. Floating-point sums are kept in double, and each is rounded once.
 */
export const cumSum = operator('CumSum', {
  since: 11,
  inputs: [2, 2],
  infer(node, inputs) {
    const list = constantNumbers(inputs[1]);
    const rank = inputs[0]?.dims?.length;
    if (list !== undefined && rank !== undefined) axisIn(node, list, rank);
    return likeInput(node, inputs);
  },
  evaluate(call, inputs) {
    const { node } = call;
    const { type, dims, data: x } = required(node, inputs, 0);
    const axis = axisIn(node, numbersOf(required(node, inputs, 1)), dims.length);
    const ring = ringOf(type);
    if (ring === undefined || type === 'bool') {
      throw unsupportedType(node, type);
    }
    const exclusive = node.attribute('exclusive', 'int') === 1;
    const reverse = node.attribute('reverse', 'int') === 1;
    const data = call.allocate(type, dims);
    const [source, out] = [x as unknown as Elements, data as unknown as Elements];
    const size = dims[axis]!;
    const inner = elementCount(dims.slice(axis + 1));
    const rows = elementCount(dims.slice(0, axis)) * inner;
    const step = reverse ? -inner : inner;
    for (let row = 0; row < rows; row++) {
      const start = Math.floor(row / inner) * size * inner + (row % inner);
      let at = reverse ? start + (size - 1) * inner : start;
      let sum = ring.zero;
      for (let i = 0; i < size; i++, at += step) {
        const next = ring.add(sum, source[at]!);
        out[at] = exclusive ? sum : next;
        sum = next;
      }
    }
    return [{ type, dims, data }];
  },
});
