import type { FloatArray } from '../backend/backend.js';
import { elementCount } from '../tensor/shape.js';
import { likeInput } from './facts.js';
import { floatsOf, required } from './run-tensor.js';
import { axisOf, operator } from './schema.js';

/** y = x / (1-norm or 2-norm of x along the axis); 0 where the norm is 0. */
export const lpNormalization = operator('LpNormalization', {
  infer: likeInput,
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const axis = axisOf(node, node.attribute('axis', 'int') ?? -1, x.dims.length);
    const p = node.attribute('p', 'int') ?? 2;
    const size = x.dims[axis]!;
    const inner = elementCount(x.dims.slice(axis + 1));
    const outer = elementCount(x.dims.slice(0, axis));
    const source = floatsOf(node, x);
    const data = call.allocate(x.type, x.dims) as FloatArray;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const start = o * size * inner + i;
        const end = start + size * inner;
        let sum = 0;
        for (let k = start; k < end; k += inner)
          sum += p === 1 ? Math.abs(source[k]!) : source[k]! ** 2;
        const norm = p === 1 ? sum : Math.sqrt(sum);
        for (let k = start; k < end; k += inner) data[k] = norm === 0 ? 0 : source[k]! / norm;
      }
    }
    return [{ ...x, data }];
  },
});
