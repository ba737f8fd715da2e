import { binaryLoopOf, evaluatePair, type BinaryFunction } from './elementwise.js';
import { likeInput } from './facts.js';
import { required } from './run-tensor.js';
import { operator } from './schema.js';

const PRELU: BinaryFunction = {
  float: binaryLoopOf((x, slope) => (x < 0 ? slope * x : x)),
  native: 'prelu',
};

/** out = x < 0 ? slope * x : x. Below opset 7 a slope vector is per channel, axis 1. */
export const prelu = operator('PRelu', {
  inputs: [2, 2],
  infer: likeInput,
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    let slope = required(call.node, inputs, 1);
    if (call.node.opset < 7 && slope.dims.length === 1 && x.dims.length > 2) {
      slope = { ...slope, dims: [...slope.dims, ...x.dims.slice(2).map(() => 1)] };
    }
    return [evaluatePair(call, [x, slope], PRELU)];
  },
});
