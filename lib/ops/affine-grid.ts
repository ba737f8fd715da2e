import type { FloatArray } from '../backend/backend.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { constantNumbers } from './facts.js';
import type { ValueFacts } from './operator.js';
import { floatsOf, numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** Coordinates for GridSample: theta times (x, y[, z], 1), where -1 and 1 are the ends of each axis. */
export const affineGrid = operator('AffineGrid', {
  since: 20,
  inputs: [2, 2],
  infer(_node, [theta, size]): ValueFacts[] {
    const sizes = constantNumbers(size);
    if (sizes === undefined) return [{ type: theta?.type, dims: undefined }];
    return [{ type: theta?.type, dims: [sizes[0], ...sizes.slice(2), sizes.length - 2] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const theta = required(node, inputs, 0);
    const sizes = numbersOf(required(node, inputs, 1));
    const spatial = sizes.slice(2);
    const rank = spatial.length;
    const wanted = [sizes[0], rank, rank + 1];
    if ((rank !== 2 && rank !== 3) || theta.dims.join() !== wanted.join()) {
      throw nodeError(
        node,
        'ERR_MODEL',
        `theta of ${theta.dims.join('x')} does not fit the size ${sizes.join('x')}`,
      );
    }
    const aligned = node.attribute('align_corners', 'int') === 1;
    const ends = (at: number, size: number): number =>
      aligned ? (size === 1 ? 1 : -1 + (2 * at) / (size - 1)) : -1 + (2 * at + 1) / size;
    const matrix = floatsOf(node, theta);
    const dims = [sizes[0]!, ...spatial, rank];
    const data = call.allocate(theta.type, dims) as FloatArray;
    const count = elementCount(spatial);
    const strides = stridesOf(spatial);
    for (let point = 0; point < sizes[0]! * count; point++) {
      const n = Math.floor(point / count);
      const place = spatial.map((size, axis) =>
        ends(Math.floor((point % count) / strides[axis]!) % size, size),
      );
      place.reverse();
      for (let row = 0; row < rank; row++) {
        const from = (n * rank + row) * (rank + 1);
        let sum = matrix[from + rank]!;
        for (let k = 0; k < rank; k++) sum += matrix[from + k]! * place[k]!;
        data[point * rank + row] = sum;
      }
    }
    return [{ type: theta.type, dims, data }];
  },
});
