import test from 'ava';

import { fingerprint } from '#convfuse/batch/fingerprint.js';
import type { FileOptions } from '#convfuse/batch/fuse-file.js';
import type { TensorLike } from '#convfuse/index.js';

const SAME: readonly FileOptions[] = [
  {},
  { level: 'basic', target: 'portable', verify: true, quantized: false },
  { verify: {}, skip: [], allowGrowth: undefined },
  { verify: { runs: 2, seed: 0, atol: 0, inputShapes: {} } },
  { threads: 3, force: true },
];

const x = (value: number): Record<string, TensorLike> => ({
  x: { type: 'float32', dims: [1], data: Float32Array.of(value) },
});

const DIFFERENT: readonly FileOptions[] = [
  {},
  { level: 'extended' },
  { target: 'ort' },
  { quantized: true },
  { only: [] },
  { only: ['a', 'b'] },
  { skip: ['a', 'b'] },
  { constantInitializers: true },
  { allowGrowth: true },
  { allowSymlinks: true },
  { backend: 'reference' },
  { verify: false },
  { verify: { runs: 3 } },
  { verify: { seed: 1 } },
  { verify: { rtol: 1e-3 } },
  { verify: { atol: 1e-3 } },
  { verify: { inputShapes: { x: [1, 2] } } },
  { verify: { inputShapes: { x: [12] } } },
  { verify: { inputShapes: { y: [1, 2] } } },
  { verify: { inputs: [x(1)] } },
  { verify: { inputs: [x(2)] } },
  { verify: { inputs: [x(1), x(1)] } },
];

test('options that say the same have the same fingerprint', (t) => {
  const prints = SAME.map((options) => fingerprint(options, false));
  t.is(new Set(prints).size, 1);
  t.regex(prints[0]!, /^[0-9a-f]{64}$/);
  t.is(fingerprint({ only: ['a', 'b'] }, true), fingerprint({ only: ['b', 'a'] }, true));
  const shapes = (inputShapes: Record<string, number[]>): string =>
    fingerprint({ verify: { inputShapes } }, true);
  t.is(shapes({ a: [1], b: [2] }), shapes({ b: [2], a: [1] }));
});

test('each option that a result depends on makes another one', (t) => {
  const prints = DIFFERENT.flatMap((options) =>
    [true, false].map((named) => fingerprint(options, named)),
  );
  t.is(new Set(prints).size, prints.length);
});
