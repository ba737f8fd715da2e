import test from 'ava';

import { batchNorm } from '#convfuse/layers/batch-norm.js';

const x = {
  type: 'float32' as const,
  data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  dims: [2, 2, 2],
};

test('each channel has its own parameters', (t) => {
  const y = batchNorm(x, {
    weight: Float32Array.of(2, 4),
    bias: Float32Array.of(1, -1),
    runningMean: Float32Array.of(1, 2),
    runningVar: { type: 'float32', data: Float32Array.of(4, 16), dims: [2] },
    eps: 0,
  });
  t.deepEqual([...(y.data as Float32Array)], [1, 2, 0, 1, 5, 6, 4, 5]);
  t.deepEqual(y.dims, [2, 2, 2]);
  t.deepEqual([...x.data], [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('weight, bias and eps have defaults; double stays double', (t) => {
  const data = Float64Array.of(3);
  const y = batchNorm(
    { type: 'float64', data, dims: [1, 1] },
    { runningMean: Float32Array.of(1), runningVar: Float32Array.of(4) },
  );
  t.is(y.data[0], 2 / Math.sqrt(4 + 1e-5));
});

test('refusals', (t) => {
  const two = Float32Array.of(1, 1);
  t.throws(() => batchNorm(x, { runningMean: two, runningVar: two.map(() => -1) }), {
    code: 'ERR_NON_FINITE',
  });
  t.throws(() => batchNorm(x, { runningMean: Float32Array.of(1), runningVar: two }), {
    code: 'ERR_ARGUMENT',
  });
  t.throws(() => batchNorm({ ...x, dims: [8] }, { runningMean: two, runningVar: two }), {
    code: 'ERR_ARGUMENT',
  });
  t.throws(() => batchNorm(x, null as never), { code: 'ERR_ARGUMENT' });
});
