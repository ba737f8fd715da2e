import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import { constantNumbers, typeOnly } from './facts.js';
import type { FloatArray } from '../backend/backend.js';
import type { ValueFacts } from './operator.js';
import { floatsOf, numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** The input dimensions of a MaxPool with these attributes, if its windows leave no rest. */
function unpooledDims(node: Node, dims: readonly Dim[]): Dim[] {
  const kernel = node.attribute('kernel_shape', 'ints');
  const rank = dims.length - 2;
  if (kernel?.length !== rank) throw nodeError(node, 'ERR_MODEL', 'kernel_shape does not fit');
  const strides = node.attribute('strides', 'ints') ?? kernel.map(() => 1);
  const pads = node.attribute('pads', 'ints') ?? new Array<number>(2 * rank).fill(0);
  const spatial = dims.slice(2).map((size, axis): Dim => {
    if (typeof size !== 'number') return undefined;
    return (size - 1) * strides[axis]! - pads[axis]! - pads[axis + rank]! + kernel[axis]!;
  });
  return [...dims.slice(0, 2), ...spatial];
}

/** Puts each element back to the place that MaxPool took it from; 0 elsewhere. */
export const maxUnpool = operator('MaxUnpool', {
  since: 9,
  inputs: [2, 3],
  infer(node, [x, , shape]): ValueFacts[] {
    if (x?.dims === undefined) return [typeOnly(x)];
    if (node.optionalInput(2) === undefined)
      return [{ type: x.type, dims: unpooledDims(node, x.dims) }];
    return [{ type: x.type, dims: constantNumbers(shape) ?? x.dims.map(() => undefined) }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const indices = numbersOf(required(node, inputs, 1));
    // Indices refer to the elements of the actual output, as in onnxruntime and PyTorch.
    const dims = inputs[2] ? numbersOf(inputs[2]) : (unpooledDims(node, x.dims) as number[]);
    const source = floatsOf(node, x);
    if (indices.length !== source.length || dims.some((size) => size < 0)) {
      throw nodeError(node, 'ERR_MODEL', `${indices.length} indices for ${source.length} elements`);
    }
    const count = elementCount(dims);
    const data = (call.allocate(x.type, dims) as FloatArray).fill(0);
    indices.forEach((index, i) => {
      if (!(index >= 0 && index < count)) {
        throw nodeError(node, 'ERR_MODEL', `expected an index below ${count}, received ${index}`);
      }
      data[index] = source[i]!;
    });
    return [{ type: x.type, dims, data }];
  },
});
