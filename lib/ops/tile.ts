import { stridesOf } from '../tensor/shape.js';
import { constantNumbers, typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { othersConstant } from './repeatable.js';
import { numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { strided } from './strided.js';

/** Repeats the whole tensor along each axis (opset 6; opset 1 had one axis and a count). */
export const tile = operator('Tile', {
  since: 6,
  inputs: [2, 2],
  infer(_node, [x, repeats]): ValueFacts[] {
    const counts = constantNumbers(repeats);
    if (x?.dims === undefined || counts === undefined) return [typeOnly(x)];
    const dims = x.dims.map((size, axis) => {
      const times = counts[axis];
      return times === 1
        ? size
        : typeof size === 'number' && times !== undefined
          ? size * times
          : undefined;
    });
    return [{ type: x.type, dims }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const counts = numbersOf(required(node, inputs, 1));
    if (counts.length !== x.dims.length || counts.some((times) => times < 0)) {
      throw nodeError(
        node,
        'ERR_MODEL',
        `repeats ${counts.join()} do not fit an input of rank ${x.dims.length}`,
      );
    }
    // Each axis becomes two: the repetitions, with stride 0, and the elements.
    const own = stridesOf(x.dims);
    const dims = x.dims.flatMap((size, axis) => [counts[axis]!, size]);
    const strides = own.flatMap((stride) => [0, stride]);
    const shape = x.dims.map((size, axis) => size * counts[axis]!);
    return [strided(call, x, { dims, strides, shape }, othersConstant(call, inputs))];
  },
});
