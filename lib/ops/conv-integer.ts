import type { Node } from '../ir/node.js';
import { knownDims } from './facts.js';
import type { RunTensor, ValueFacts } from './operator.js';
import { IDENTITY } from '../backend/activation.js';
import { numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { windowDims, windowOf, withLabel } from './window.js';

/** Elements minus the zero point, in double: sums of products of bytes are exact there. */
function centred(node: Node, x: RunTensor, zero: RunTensor | undefined): Float64Array {
  const points = zero === undefined ? [0] : numbersOf(zero);
  const span = x.data.length / points.length;
  if (points.length > 1 && points.length !== x.dims[0]) {
    throw nodeError(node, 'ERR_MODEL', `${points.length} zero points`);
  }
  const values = numbersOf(x);
  return Float64Array.from(values, (value, i) => value - points[Math.floor(i / span)]!);
}

/** Convolution of whole numbers, without rounding, to int32. */
export const convInteger = operator('ConvInteger', {
  since: 10,
  inputs: [2, 4],
  infer(node, [x, w]): ValueFacts[] {
    const weights = knownDims(w);
    if (x?.dims === undefined || weights === undefined) return [{ type: 'int32', dims: undefined }];
    const spatial = windowDims(windowOf(node, weights.slice(2)), x.dims.slice(2));
    return [{ type: 'int32', dims: [x.dims[0], weights[0], ...spatial] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const w = required(node, inputs, 1);
    return withLabel(node, () => {
      const groups = node.attribute('group', 'int') ?? 1;
      const kernel = call.backend.conv({
        weight: centred(node, w, inputs[3]),
        bias: undefined,
        inputChannels: w.dims[1]! * groups,
        outputChannels: w.dims[0]!,
        groups,
        window: windowOf(node, w.dims.slice(2)),
        transposed: undefined,
        activation: IDENTITY,
        precision: 'strict',
        threads: call.threads,
      });
      try {
        const dims = kernel.outputDims(x.dims);
        const sums = call.allocateFloat(
          'float64',
          dims.reduce((n, size) => n * size, 1),
        );
        kernel.runSync({ x: centred(node, x, inputs[2]), dims: x.dims, out: sums });
        const data = call.allocate('int32', dims) as Int32Array;
        data.set(sums);
        return [{ type: 'int32', dims, data }];
      } finally {
        kernel.dispose();
      }
    });
  },
});
