import { elementCount } from '../tensor/shape.js';
import { constantNumbers } from './facts.js';
import type { ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** The indices of all elements that are not 0, as [rank, count]. */
export const nonZero = operator('NonZero', {
  since: 9,
  infer(_node, [x]): ValueFacts[] {
    const count = constantNumbers(x)?.filter((value) => value !== 0).length;
    return [{ type: 'int64', dims: x?.dims && [x.dims.length, count] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const { type, dims, data } = required(node, inputs, 0);
    if (type === 'string')
      throw nodeError(node, 'ERR_UNSUPPORTED', 'string elements are not supported');
    const found: number[] = [];
    for (let i = 0; i < data.length; i++) if (Number(data[i]) !== 0) found.push(i);
    const out = call.allocate('int64', [dims.length, found.length]) as BigInt64Array;
    dims.forEach((size, axis) => {
      const stride = elementCount(dims.slice(axis + 1));
      found.forEach((at, i) => {
        out[axis * found.length + i] = BigInt(Math.floor(at / stride) % size);
      });
    });
    return [{ type: 'int64', dims: [dims.length, found.length], data: out }];
  },
});
