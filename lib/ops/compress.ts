import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { constantNumbers, typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';
import { copyElements } from './strided.js';

/** The axis along which entries are chosen; undefined: all elements are one row. */
function axisAttribute(node: Node, rank: number): number | undefined {
  const axis = node.attribute('axis', 'int');
  return axis === undefined ? undefined : axisOf(node, axis, rank);
}

function chosenBelow(flags: ArrayLike<unknown>, size: number): number[] {
  const chosen: number[] = [];
  for (let i = 0; i < Math.min(size, flags.length); i++) if (Number(flags[i]) !== 0) chosen.push(i);
  return chosen;
}

/** The entries whose condition is true. Entries behind the conditions are not chosen. */
export const compress = operator('Compress', {
  since: 9,
  inputs: [2, 2],
  infer(node, [x, condition]): ValueFacts[] {
    if (x?.dims === undefined) return [typeOnly(x)];
    const axis = axisAttribute(node, x.dims.length);
    const flags = constantNumbers(condition);
    const sizes = axis === undefined ? x.dims : [x.dims[axis]];
    const known = sizes.every((size) => typeof size === 'number');
    const count = flags && known ? chosenBelow(flags, elementCount(sizes)).length : undefined;
    if (axis === undefined) return [{ type: x.type, dims: [count] }];
    return [{ type: x.type, dims: x.dims.with(axis, count) }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const condition = required(node, inputs, 1);
    if (condition.type !== 'bool' || condition.dims.length !== 1) {
      throw nodeError(node, 'ERR_MODEL', 'expected a vector of bool for the condition');
    }
    const axis = axisAttribute(node, x.dims.length);
    const shape = axis === undefined ? [x.data.length] : x.dims;
    const at = axis ?? 0;
    const size = shape[at]!;
    const chosen = chosenBelow(condition.data, size);
    const dims = shape.with(at, chosen.length);
    const data = call.allocate(x.type, dims);
    const inner = elementCount(shape.slice(at + 1));
    const outer = elementCount(shape.slice(0, at));
    for (let o = 0, to = 0; o < outer; o++) {
      for (const index of chosen) {
        copyElements(data, to, x.data, (o * size + index) * inner, inner);
        to += inner;
      }
    }
    return [{ type: x.type, dims, data }];
  },
});
