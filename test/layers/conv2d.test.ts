import test from 'ava';

import { conv2d } from '#convfuse/layers/conv2d.js';

test('a convolution in one call', (t) => {
  const weight = {
    type: 'float32' as const,
    data: Float32Array.of(1, 2, 3, 4),
    dims: [1, 1, 2, 2],
  };
  const x = { type: 'float32' as const, data: Float32Array.of(1, 2, 3, 4), dims: [1, 1, 2, 2] };
  t.deepEqual(conv2d(x, { weight, bias: Float32Array.of(-31), activation: 'relu' }), {
    type: 'float32',
    data: Float32Array.of(0),
    dims: [1, 1, 1, 1],
  });
  t.deepEqual(
    [...(conv2d(x, { weight, padding: 'same-upper' }).data as Float32Array)],
    [30, 14, 11, 4],
  );
});
