import { broadcastDims, broadcastShapes, runsOf } from './broadcast.js';
import type { ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import type { Elements } from './strided.js';

/** out = condition ? x : y, all three broadcast. */
export const where = operator('Where', {
  since: 9,
  inputs: [3, 3],
  infer(_node, [condition, x, y]): ValueFacts[] {
    const type = x?.type ?? y?.type;
    if (!condition?.dims || !x?.dims || !y?.dims) return [{ type, dims: undefined }];
    return [{ type, dims: broadcastDims(broadcastDims(condition.dims, x.dims), y.dims) }];
  },
  evaluate(call, inputs) {
    const condition = required(call.node, inputs, 0);
    const x = required(call.node, inputs, 1);
    const y = required(call.node, inputs, 2);
    if (x.type !== y.type) {
      throw nodeError(
        call.node,
        'ERR_MODEL',
        `operands have different types: ${x.type} and ${y.type}`,
      );
    }
    const shapes = [condition.dims, x.dims, y.dims];
    const dims = broadcastShapes(shapes);
    const { count, length, steps, offsets } = runsOf(dims, shapes);
    const data = call.allocate(x.type, dims);
    const out = data as unknown as Elements;
    const left = x.data as unknown as Elements;
    const right = y.data as unknown as Elements;
    const mask = condition.data as Uint8Array;
    for (let run = 0, at = 0; run < count; run++) {
      let c = offsets[0]![run]!;
      let l = offsets[1]![run]!;
      let r = offsets[2]![run]!;
      for (let i = 0; i < length; i++, at++) {
        out[at] = mask[c] === 1 ? left[l]! : right[r]!;
        c += steps[0]!;
        l += steps[1]!;
        r += steps[2]!;
      }
    }
    return [{ type: x.type, dims, data }];
  },
});
