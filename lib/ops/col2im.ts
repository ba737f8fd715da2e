import type { FloatArray } from '../backend/backend.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { constantNumbers } from './facts.js';
import type { ValueFacts } from './operator.js';
import { floatsOf, numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** Adds columns, each a block of an image, to the places that a convolution would read. */
export const col2Im = operator('Col2Im', {
  since: 18,
  inputs: [3, 3],
  infer(_node, [x, image, block]): ValueFacts[] {
    const [sizes, blocks] = [constantNumbers(image), constantNumbers(block)];
    if (sizes === undefined) return [{ type: x?.type, dims: undefined }];
    const rows = x?.dims?.[1];
    const taps = blocks && elementCount(blocks);
    const fits = typeof rows === 'number' && taps !== undefined && rows % taps === 0;
    const channels = fits ? rows / taps : undefined;
    return [{ type: x?.type, dims: [x?.dims?.[0], channels, ...sizes] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const image = numbersOf(required(node, inputs, 1));
    const block = numbersOf(required(node, inputs, 2));
    const rank = image.length;
    const ones = image.map(() => 1);
    const strides = node.attribute('strides', 'ints') ?? ones;
    const dilations = node.attribute('dilations', 'ints') ?? ones;
    const pads = node.attribute('pads', 'ints') ?? new Array<number>(2 * rank).fill(0);
    const places = image.map((size, axis) => {
      const room =
        size + pads[axis]! + pads[axis + rank]! - dilations[axis]! * (block[axis]! - 1) - 1;
      return Math.floor(room / strides[axis]!) + 1;
    });
    const [taps, columns] = [elementCount(block), elementCount(places)];
    const lists = [block, strides, dilations].every((list) => list.length === rank);
    const channels = x.dims[1]! / taps;
    const fits = lists && pads.length === 2 * rank && places.every((count) => count >= 0);
    if (!fits || x.dims.length !== 3 || x.dims[2] !== columns || !Number.isInteger(channels)) {
      const text = `${x.dims.join('x')} is not ${columns} blocks of ${block.join('x')}`;
      throw nodeError(node, 'ERR_MODEL', text);
    }
    const source = floatsOf(node, x);
    const plane = elementCount(image);
    const dims = [x.dims[0]!, channels, ...image];
    const data = (call.allocate(x.type, dims) as FloatArray).fill(0);
    // The multi-dimensional index of a row-major position.
    const digits = (at: number, sizes: readonly number[]): number[] => {
      const weights = stridesOf(sizes);
      return sizes.map((size, axis) => Math.floor(at / weights[axis]!) % size);
    };
    const imageStrides = stridesOf(image);
    for (let tap = 0; tap < taps; tap++) {
      const inBlock = digits(tap, block);
      for (let column = 0; column < columns; column++) {
        const at = digits(column, places).map(
          (place, axis) => place * strides[axis]! + inBlock[axis]! * dilations[axis]! - pads[axis]!,
        );
        if (at.some((place, axis) => place < 0 || place >= image[axis]!)) continue;
        const offset = at.reduce((sum, place, axis) => sum + place * imageStrides[axis]!, 0);
        for (let c = 0; c < dims[0]! * channels; c++) {
          data[c * plane + offset]! += source[(c * taps + tap) * columns + column]!;
        }
      }
    }
    return [{ type: x.type, dims, data }];
  },
});
