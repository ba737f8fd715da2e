import { convDims, convMacs } from './conv.js';
import type { RunTensor, ValueFacts } from './operator.js';
import { toInt32 } from './quantised.js';
import { required } from './run-tensor.js';
import { operator } from './schema.js';
import { convolveWhole } from './whole-conv.js';

/** Convolution of whole numbers, without rounding, to int32. */
export const convInteger = operator('ConvInteger', {
  since: 10,
  inputs: [2, 4],
  infer: (node, [x, w]): ValueFacts[] => [{ type: 'int32', dims: convDims(node, x, w) }],
  macs: (_node, [, w], [y]) => convMacs(w, y),
  evaluate(call, inputs): RunTensor[] {
    const { node } = call;
    const x = { x: required(node, inputs, 0), zero: inputs[2] };
    const w = { x: required(node, inputs, 1), zero: inputs[3] };
    const constant = call.isConstant(1) && (w.zero === undefined || call.isConstant(3));
    const { dims, sums } = convolveWhole(call, x, w, constant);
    return [toInt32(call, dims, sums)];
  },
});
