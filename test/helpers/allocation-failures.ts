// Run with fail_malloc preloaded: fails each allocation of the addon in turn, in every function
// that allocates. Prints one line for each: how many there were, and what came of the failures.

import { IDENTITY } from '#convfuse/backend/activation.js';
import { selectBackend } from '#convfuse/backend/select.js';
import { longInput, longLayer } from './long-conv.js';

const ARM = 0x4000;
const DISARM = 0x7fff;

const small = longInput(30);
const large = longInput(72);
const backend = selectBackend('native', { threads: 2 });
const data = small.data;

const CALLS: Readonly<Record<string, () => unknown>> = {
  create: () => longLayer().dispose(),
  runSync: () => longLayer().runSync(small),
  run: () => longLayer().run(small),
  runLarge: () => longLayer().run(large),
  gemm: () => {
    const c = new Float32Array(100 * 100);
    const shape = { m: 100, n: 100, k: 500, transA: false, transB: true };
    backend.gemm({
      a: data.subarray(0, 50000),
      b: data.subarray(0, 50000),
      c,
      ...shape,
      alpha: 1,
      beta: 0,
    });
  },
  linear: () => {
    const shape = { n: 100, k: 500, transposed: true, bias: undefined };
    const weight = data.subarray(0, 50000);
    const threads = undefined;
    const layer = backend.linear!({ ...shape, weight, activation: IDENTITY, threads })!;
    try {
      layer.run(weight, undefined, new Float32Array(100 * 100));
    } finally {
      layer.dispose();
    }
  },
  scaleRows: () => {
    const scale = new Float64Array(64);
    const shape = { groups: 1, outer: 1, rows: 64, cols: 900 };
    return backend.scaleRows({ type: 'float32', weight: data, scale, ...shape });
  },
};

for (const [name, call] of Object.entries(CALLS)) {
  const outcomes = new Set<string>();
  let allocations = 0;
  for (let failing = 0; failing <= allocations; failing++) {
    process.umask(ARM + failing);
    let outcome = 'survived';
    try {
      await call();
    } catch (error) {
      outcome = (error as { code?: string }).code ?? String(error);
    }
    allocations = process.umask(DISARM);
    if (failing < allocations) outcomes.add(outcome);
    else if (outcome !== 'survived') outcomes.add(`without a failure: ${outcome}`);
  }
  console.log(`${name}: ${allocations > 0 ? 'allocates' : 'does not'}: ${[...outcomes].join(' ')}`);
}
