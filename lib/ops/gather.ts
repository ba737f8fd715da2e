import { elementCount, stridesOf } from '../tensor/shape.js';
import { constantNumbers, elementsOf, typeOnly } from './facts.js';
import type { RepeatedRun, ValueFacts } from './operator.js';
import { othersConstant, runRepeatable } from './repeatable.js';
import { numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';
import { copyElements, strided } from './strided.js';

/** Selects entries of `data` along one axis by a tensor of indices, whose axes replace it. */
export const gather = operator('Gather', {
  inputs: [2, 2],
  infer(node, [x, indices]): ValueFacts[] {
    if (x?.dims === undefined || indices?.dims === undefined) return [typeOnly(x)];
    const axis = axisOf(node, node.attribute('axis', 'int') ?? 0, x.dims.length);
    const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
    const known = x.dims.length === 1 && dims.length <= 1 ? elementsOf(x) : undefined;
    const chosen = constantNumbers(indices);
    const elements = known && chosen?.map((at) => known[at < 0 ? at + known.length : at]);
    return [{ type: x.type, dims, elements }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const indices = required(node, inputs, 1);
    const axis = axisOf(node, node.attribute('axis', 'int') ?? 0, x.dims.length);
    const size = x.dims[axis]!;
    const chosen = numbersOf(indices).map((at) => (at < 0 ? at + size : at));
    if (chosen.some((at) => at < 0 || at >= size)) {
      throw nodeError(node, 'ERR_ARGUMENT', `an index is outside 0 to ${size - 1}`);
    }
    const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
    const constant = othersConstant(call, inputs);
    if (chosen.length === 1) {
      const own = stridesOf(x.dims);
      const strides = [...own.slice(0, axis), ...indices.dims.map(() => 0), ...own.slice(axis + 1)];
      const offset = chosen[0]! * own[axis]!;
      return [strided(call, x, { dims, strides, offset }, constant)];
    }
    const inner = elementCount(x.dims.slice(axis + 1));
    const outer = elementCount(x.dims.slice(0, axis));
    const run: RepeatedRun = (from, _, to) => {
      for (let o = 0, at = 0; o < outer; o++) {
        for (const index of chosen) {
          copyElements(to, at, from, (o * size + index) * inner, inner);
          at += inner;
        }
      }
    };
    const how = { type: x.type, dims, layout: undefined, run };
    return [runRepeatable(call, x.data, how, constant)];
  },
});
