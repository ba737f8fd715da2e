import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { convGeometry } from './conv.js';
import { countOf, knownDims } from './facts.js';
import type { RunTensor, ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { operator } from './schema.js';
import { convolveWhole } from './whole-products.js';
import { windowDims, withLabel } from './window.js';

/** Output dimensions of a convolution, as far as they are known. */
export function convDims(
  node: Node,
  x: ValueFacts | undefined,
  w: ValueFacts | undefined,
): ValueFacts['dims'] {
  const weights = knownDims(w);
  if (x?.dims === undefined || weights === undefined) return undefined;
  const { dims } = x;
  return withLabel(node, () => {
    const { window, outputChannels } = convGeometry(node, dims, weights);
    return [dims[0], outputChannels, ...windowDims(window, dims.slice(2))];
  });
}

/** Multiply-accumulates of a convolution, where its shapes are known. */
export function convMacs(w: ValueFacts | undefined, y: ValueFacts | undefined): number {
  const weights = knownDims(w);
  return weights === undefined ? 0 : countOf(y) * elementCount(weights.slice(1));
}

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
    const data = call.allocate('int32', dims) as Int32Array;
    data.set(sums);
    return [{ type: 'int32', dims, data }];
  },
});
