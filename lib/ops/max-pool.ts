import type { TensorData } from '../tensor/dtype.js';
import type { NumberArray } from './elementwise.js';
import { inferPool, keptPool, poolOf, runPool, type Pool } from './pool.js';
import { isWide, required } from './run-tensor.js';
import { operator, unsupportedType } from './schema.js';

/** Largest element under each window; its offset in the tensor goes to `indices` if given. */
function maxPoolLoop(pool: Pool, x: NumberArray, y: NumberArray, indices?: Float64Array): void {
  const [depth, height, width] = pool.axes;
  const plane = depth.input * height.input * width.input;
  let at = 0;
  for (let p = 0; p < pool.planes; p++) {
    for (let d = 0; d < depth.output; d++) {
      for (let h = 0; h < height.output; h++) {
        for (let w = 0; w < width.output; w++, at++) {
          let best = -Infinity;
          let i = depth.start[d]!;
          // If all elements are -Infinity, the first one counts as the largest.
          let where =
            p * plane + (i * height.input + height.start[h]!) * width.input + width.start[w]!;
          for (let kd = depth.taps[d]!; kd > 0; kd--, i += depth.dilation) {
            let j = height.start[h]!;
            for (let kh = height.taps[h]!; kh > 0; kh--, j += height.dilation) {
              let from = p * plane + (i * height.input + j) * width.input + width.start[w]!;
              for (let kw = width.taps[w]!; kw > 0; kw--, from += width.dilation) {
                const value = x[from]!;
                // A NaN wins, and stays.
                if (value > best || value !== value) {
                  best = value;
                  where = from;
                }
              }
            }
          }
          y[at] = best;
          if (indices !== undefined) indices[at] = where;
        }
      }
    }
  }
}

/** Converts a row-major offset to one with the spatial axes in reverse order. */
function columnMajor(offset: number, spatial: readonly number[]): number {
  const plane = spatial.reduce((product, size) => product * size, 1);
  let rest = offset % plane;
  let result = 0;
  let stride = plane;
  for (let axis = spatial.length - 1; axis >= 0; axis--) {
    stride /= spatial[axis]!;
    result += (rest % spatial[axis]!) * stride;
    rest = Math.floor(rest / spatial[axis]!);
  }
  return offset - (offset % plane) + result;
}

export const maxPool = operator('MaxPool', {
  outputs: [1, 2],
  infer: inferPool,
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    if (isWide(x.type) || x.type === 'string') {
      throw unsupportedType(node, x.type);
    }
    const pool = keptPool(call, x.dims, () => poolOf(node, x.dims));
    if (node.optionalOutput(1) === undefined) {
      const loop = (y: TensorData): void =>
        maxPoolLoop(pool, x.data as NumberArray, y as NumberArray);
      return [runPool(call, pool, x, 'max', false, loop)];
    }
    const data = call.allocate(x.type, pool.outDims) as NumberArray;
    const y = { type: x.type, dims: pool.outDims, data };
    const offsets = new Float64Array(data.length);
    maxPoolLoop(pool, x.data as NumberArray, data, offsets);
    const byColumns = node.attribute('storage_order', 'int') === 1;
    const indices = call.allocate('int64', pool.outDims) as BigInt64Array;
    for (let i = 0; i < indices.length; i++) {
      const offset = offsets[i]!;
      indices[i] = BigInt(byColumns ? columnMajor(offset, x.dims.slice(2)) : offset);
    }
    return [y, { type: 'int64', dims: pool.outDims, data: indices }];
  },
});
