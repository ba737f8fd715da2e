// A network whose activations lie in blocks between its layers, on the native backend.

import { selectBackend } from '#convfuse/backend/select.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import type { FloatTensor } from '#convfuse/tensor/tensor.js';

const CHANNELS = 19; // no multiple of any block
const SIZE = 40;

/** Layers of each kind that works on blocks, over and over: some milliseconds on one thread. */
export function blockedNetwork(threads: number, repeats = 4): Session {
  const pads = 'pads = [1, 1, 1, 1]';
  const full = `float[${CHANNELS}, ${CHANNELS}, 3, 3]`;
  const lines = [`x: input float[1, 3, ${SIZE}, ${SIZE}]`, `w: float[${CHANNELS}, 3, 3, 3]`];
  for (let i = 0; i < repeats; i++) {
    lines.push(`v${i}: ${full}`, `d${i}: float[${CHANNELS}, 1, 3, 3]`);
  }
  lines.push(`a0 = Conv<${pads}>(x, w)`);
  for (let i = 0; i < repeats; i++) {
    lines.push(
      `b${i} = Conv<${pads}>(a${i}, v${i})`,
      `c${i} = Sigmoid(b${i})`,
      `e${i} = Conv<${pads}, group = ${CHANNELS}>(c${i}, d${i})`,
      `f${i} = Add(e${i}, c${i})`,
      `a${i + 1} = MaxPool<kernel_shape = [3, 3], ${pads}>(f${i})`,
    );
  }
  lines.push(`p: float[5, ${CHANNELS}, 1, 1]`, `y = Conv(a${repeats}, p)`);
  const backend = selectBackend('native');
  return Session.create(parseText(lines.join('\n')), { backend, threads });
}

/** An image for it. */
export function blockedInput(seed: number): FloatTensor {
  const dims = [1, 3, SIZE, SIZE];
  return { type: 'float32', dims, data: new Random(seed).normals(3 * SIZE * SIZE) };
}
