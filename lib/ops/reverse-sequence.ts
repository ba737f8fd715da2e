import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { likeInput } from './facts.js';
import { numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { copyElements } from './strided.js';

/** The time axis, 0 or 1; the batch axis must be the other one. */
function timeAxis(node: Node, rank: number): 0 | 1 {
  const batch = node.attribute('batch_axis', 'int') ?? 1;
  const time = node.attribute('time_axis', 'int') ?? 0;
  if (rank >= 2 && batch + time === 1 && (time === 0 || time === 1)) return time;
  const text = `batch_axis ${batch} and time_axis ${time} do not fit rank ${rank}`;
  throw nodeError(node, 'ERR_MODEL', text);
}

/** Reverses the first sequence_lens[b] time steps of sequence b, and copies the others. */
export const reverseSequence = operator('ReverseSequence', {
  since: 10,
  inputs: [2, 2],
  infer(node, inputs) {
    const rank = inputs[0]?.dims?.length;
    if (rank !== undefined) timeAxis(node, rank);
    return likeInput(node, inputs);
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const time = timeAxis(node, x.dims.length);
    const [steps, batch] = [x.dims[time]!, x.dims[1 - time]!];
    const lengths = numbersOf(required(node, inputs, 1));
    if (lengths.length !== batch) {
      throw nodeError(node, 'ERR_MODEL', `expected ${batch} lengths, received ${lengths.length}`);
    }
    if (lengths.some((length) => length < 0 || length > steps)) {
      throw nodeError(node, 'ERR_ARGUMENT', `expected lengths from 0 to ${steps}`);
    }
    const data = call.allocate(x.type, x.dims);
    const inner = elementCount(x.dims.slice(2));
    const place = (b: number, t: number): number =>
      (time === 0 ? t * batch + b : b * steps + t) * inner;
    lengths.forEach((length, b) => {
      for (let t = 0; t < steps; t++) {
        const from = t < length ? length - 1 - t : t;
        copyElements(data, place(b, t), x.data, place(b, from), inner);
      }
    });
    return [{ type: x.type, dims: x.dims, data }];
  },
});
