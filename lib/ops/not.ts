import { likeInput } from './facts.js';
import { required } from './run-tensor.js';
import { operator } from './schema.js';

export const not = operator('Not', {
  infer: likeInput,
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    const data = call.allocate('bool', x.dims) as Uint8Array;
    for (let i = 0; i < data.length; i++) data[i] = x.data[i] === 0 ? 1 : 0;
    return [{ ...x, data }];
  },
});
