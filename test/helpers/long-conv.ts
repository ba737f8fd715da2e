// A layer whose run takes long enough to be caught in the middle of it.

import { FusedConv2d } from '#convfuse/layers/fused-conv2d.js';
import type { FloatTensor } from '#convfuse/tensor/tensor.js';

const CHANNELS = 64;

/** 3 x 3 over 64 channels, on the native backend with one thread. */
export function longLayer(): FusedConv2d {
  const data = smallNumbers(CHANNELS * CHANNELS * 9, 1);
  const dims = [CHANNELS, CHANNELS, 3, 3];
  const weight = { type: 'float32' as const, data, dims };
  return new FusedConv2d({ weight, padding: 1, backend: 'native', threads: 1 });
}

/** An input of size x size; a size of 128 is 600 million multiplications. */
export function longInput(size: number, seed = 2): FloatTensor {
  const data = smallNumbers(CHANNELS * size * size, seed);
  return { type: 'float32', data, dims: [1, CHANNELS, size, size] };
}

/** Whole numbers from -2 to 2, quickly: worker threads start by making them. */
function smallNumbers(count: number, seed: number): Float32Array {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = (((i + seed) * 7 + (i >> 4) * seed) % 5) - 2;
  return numbers;
}
