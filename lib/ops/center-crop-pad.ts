import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import { elementsOf, typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';
import { copyElements } from './strided.js';

/** The dimensions with those of `sizes` along the attribute `axes`, or along all. */
function resized<D extends Dim>(node: Node, dims: readonly D[], sizes: readonly D[]): D[] {
  const axes = node.attribute('axes', 'ints') ?? dims.map((_, axis) => axis);
  if (axes.length !== sizes.length) {
    throw nodeError(node, 'ERR_MODEL', `${sizes.length} sizes for ${axes.length} axes`);
  }
  const out = [...dims];
  axes.forEach((axis, i) => {
    const size = sizes[i]!;
    if (typeof size === 'number' && size < 0) {
      throw nodeError(node, 'ERR_ARGUMENT', `the size ${size} is negative`);
    }
    out[axisOf(node, axis, dims.length)] = size;
  });
  return out;
}

/** Crops, or pads with zeros, to the sizes in input 1, half at the beginning, half at the end. */
export const centerCropPad = operator('CenterCropPad', {
  since: 18,
  inputs: [2, 2],
  infer(node, [x, shape]): ValueFacts[] {
    const sizes = elementsOf(shape);
    if (x?.dims === undefined || sizes === undefined) return [typeOnly(x)];
    return [{ type: x.type, dims: resized(node, x.dims, sizes) }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    if (x.type === 'string')
      throw nodeError(node, 'ERR_UNSUPPORTED', 'string elements are not supported');
    const dims = resized(node, x.dims, numbersOf(required(node, inputs, 1)));
    const data = call.allocate(x.type, dims);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(0n);
    else (data as Float32Array).fill(0);
    const common = dims.map((size, axis) => Math.min(size, x.dims[axis]!));
    const start = (of: readonly number[], other: readonly number[]): number =>
      stridesOf(of).reduce((at, stride, axis) => {
        const more = Math.max(0, of[axis]! - other[axis]!);
        return at + Math.floor(more / 2) * stride;
      }, 0);
    const [from, to] = [start(x.dims, dims), start(dims, x.dims)];
    const length = common.at(-1) ?? 1;
    const outer = common.slice(0, -1);
    const rows = elementCount(outer);
    const source = outerOffsets(outer, stridesOf(x.dims), rows);
    const target = outerOffsets(outer, stridesOf(dims), rows);
    for (let row = 0; row < rows; row++) {
      copyElements(data, to + target[row]!, x.data, from + source[row]!, length);
    }
    return [{ type: x.type, dims, data }];
  },
});
