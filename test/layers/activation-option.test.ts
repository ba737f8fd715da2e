import test from 'ava';

import { readActivation } from '#convfuse/layers/activation-option.js';

test('a name stands for the defaults of ONNX', (t) => {
  t.deepEqual(readActivation(undefined, 3), { kind: 'identity', alpha: 0, beta: 0 });
  t.deepEqual(readActivation('leaky-relu', 3), {
    kind: 'leaky-relu',
    alpha: Math.fround(0.01),
    beta: 0,
  });
  t.deepEqual(readActivation('clip', 3), { kind: 'clip', alpha: -Infinity, beta: Infinity });
});

test('parameters', (t) => {
  t.like(readActivation({ kind: 'hard-sigmoid', alpha: 0.5 }, 3), { alpha: 0.5, beta: 0.5 });
  const slopes = Float32Array.of(1, 2, 3);
  const { slope } = readActivation({ kind: 'prelu', slope: slopes }, 3);
  t.deepEqual(slope, Float64Array.of(1, 2, 3));
  t.deepEqual(readActivation({ kind: 'prelu', slope: 0.5 }, 3).slope, Float64Array.of(0.5));
  t.deepEqual(
    readActivation({ kind: 'prelu', slope: Float32Array.of(7) }, 3).slope,
    Float64Array.of(7),
  );
});

test('refusals', (t) => {
  const argument = { code: 'ERR_ARGUMENT' };
  t.throws(() => readActivation('gelu2' as never, 3), argument);
  t.throws(() => readActivation({ kind: 'prelu' }, 3), argument);
  t.throws(() => readActivation({ kind: 'prelu', slope: Float32Array.of(1, 2) }, 3), argument);
  t.throws(() => readActivation({ kind: 'clip', alpha: NaN }, 3), argument);
});
