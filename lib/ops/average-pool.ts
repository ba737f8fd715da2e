import type { FloatArray } from '../backend/backend.js';
import type { TensorData } from '../tensor/dtype.js';
import { inferPool, keptPool, poolOf, runPool, type Pool } from './pool.js';
import { floatsOf, required } from './run-tensor.js';
import { operator } from './schema.js';

/** Mean under each window, over the elements in the input or, with `padded`, the pads too. */
function averagePoolLoop(pool: Pool, x: FloatArray, y: FloatArray, padded: boolean): void {
  const [depth, height, width] = pool.axes;
  const plane = depth.input * height.input * width.input;
  let at = 0;
  for (let p = 0; p < pool.planes; p++) {
    for (let d = 0; d < depth.output; d++) {
      for (let h = 0; h < height.output; h++) {
        for (let w = 0; w < width.output; w++, at++) {
          let sum = 0;
          let i = depth.start[d]!;
          for (let kd = depth.taps[d]!; kd > 0; kd--, i += depth.dilation) {
            let j = height.start[h]!;
            for (let kh = height.taps[h]!; kh > 0; kh--, j += height.dilation) {
              let from = p * plane + (i * height.input + j) * width.input + width.start[w]!;
              for (let kw = width.taps[w]!; kw > 0; kw--, from += width.dilation) sum += x[from]!;
            }
          }
          y[at] =
            sum /
            (padded
              ? depth.padded[d]! * height.padded[h]! * width.padded[w]!
              : depth.taps[d]! * height.taps[h]! * width.taps[w]!);
        }
      }
    }
  }
}

export const averagePool = operator('AveragePool', {
  infer: (node, inputs) => inferPool(node, inputs).slice(0, 1),
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const pool = keptPool(call, x.dims, () => poolOf(node, x.dims));
    const padded = node.attribute('count_include_pad', 'int') === 1;
    const source = floatsOf(node, x);
    const loop = (y: TensorData): void => averagePoolLoop(pool, source, y as FloatArray, padded);
    return [runPool(call, pool, x, 'mean', padded, loop)];
  },
});
