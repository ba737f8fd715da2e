import test from 'ava';
import fc from 'fast-check';

import type { ConvSpec } from '#convfuse/backend/backend.js';
import { ReferenceConv } from '#convfuse/backend/reference/conv.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import { convCases, difference, exactResult } from '../../helpers/conv-case.js';

/** 3 x 3 input 1..9, kernel 2 x 2 of 1, 2, 3, 4. */
const small: ConvSpec = {
  weight: Float32Array.of(1, 2, 3, 4),
  bias: Float32Array.of(0.5),
  inputChannels: 1,
  outputChannels: 1,
  groups: 1,
  window: {
    kernel: [2, 2],
    strides: [1, 1],
    dilations: [1, 1],
    padding: { begin: [0, 0], end: [0, 0] },
  },
  transposed: undefined,
  activation: { kind: 'identity', alpha: 0, beta: 0 },
  precision: 'strict',
  threads: undefined,
};
const nine = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

function run(spec: ConvSpec, x: Float32Array, dims: number[], residual?: Float32Array) {
  const conv = new ReferenceConv(spec);
  const outDims = conv.outputDims(dims);
  const out = new Float32Array(elementCount(outDims)).fill(NaN);
  conv.runSync({ x, dims, out, residual });
  return { out: [...out], outDims };
}

test('a convolution done by hand', (t) => {
  t.deepEqual(run(small, nine, [1, 1, 3, 3]), {
    out: [37.5, 47.5, 67.5, 77.5],
    outDims: [1, 1, 2, 2],
  });
});

test('a transposed convolution done by hand', (t) => {
  const window = { ...small.window, strides: [2, 2] };
  const spec = { ...small, window, transposed: { outputPadding: [1, 0] }, bias: undefined };
  t.deepEqual(run(spec, Float32Array.of(1, 10), [1, 1, 1, 2]), {
    out: [1, 2, 10, 20, 3, 4, 30, 40, 0, 0, 0, 0],
    outDims: [1, 1, 3, 4],
  });
});

test('bias, then residual, then activation', (t) => {
  const spec = { ...small, activation: { kind: 'relu6', alpha: 0, beta: 0 } as const };
  const residual = Float32Array.of(-40, -45, -62, -77);
  t.deepEqual(run(spec, nine, [1, 1, 3, 3], residual).out, [0, 2.5, 5.5, 0.5]);
});

test('a tap in the padding is skipped: infinite weights do not turn into NaN there', (t) => {
  const spec = {
    ...small,
    weight: Float32Array.of(Infinity, 0, 0, 1),
    window: { ...small.window, padding: { begin: [1, 1], end: [0, 0] } },
  };
  t.is(run(spec, nine, [1, 1, 3, 3]).out[0], 1.5);
});

test('sums are kept in double until the end', (t) => {
  const spec = {
    ...small,
    weight: Float32Array.of(1, 1, 1, 1),
    window: { ...small.window, padding: 'valid' as const },
    bias: undefined,
  };
  const x = Float32Array.of(2 ** 24, 1, 1, -(2 ** 24));
  t.deepEqual(run(spec, x, [1, 1, 2, 2]).out, [2]);
});

test('no batch, and no input at all, leave the bias', (t) => {
  t.deepEqual(run(small, new Float32Array(0), [0, 1, 3, 3]), { out: [], outDims: [0, 1, 2, 2] });
  const padded = {
    ...small,
    window: { ...small.window, padding: { begin: [1, 1], end: [1, 1] } },
  };
  t.deepEqual(run(padded, new Float32Array(0), [1, 1, 0, 3]), {
    out: [0.5, 0.5, 0.5, 0.5],
    outDims: [1, 1, 1, 4],
  });
});

test('equals the definition on whole numbers, sync and async', async (t) => {
  await fc.assert(
    fc.asyncProperty(convCases(true), async (made) => {
      const expected = exactResult(made);
      const conv = new ReferenceConv(made.spec);
      const out = new Float32Array(expected.length).fill(NaN);
      conv.runSync({ ...made, out });
      t.is(difference(out, expected), undefined);
      t.is(difference(await conv.run(made), expected), undefined);
    }),
    { numRuns: 120, seed: 20 },
  );
});

test('float64 in, float64 out', (t) => {
  const spec = { ...small, weight: Float64Array.of(0.1, 0, 0, 0), bias: undefined };
  const out = new Float64Array(4);
  new ReferenceConv(spec).runSync({ x: Float64Array.from(nine), dims: [1, 1, 3, 3], out });
  t.is(out[1], 0.1 * 2);
});

test('an abort ends a long run with the reason of the signal', async (t) => {
  const spec: ConvSpec = {
    ...small,
    weight: new Float32Array(64 * 64 * 9),
    bias: undefined,
    inputChannels: 64,
    outputChannels: 64,
    window: { ...small.window, kernel: [3, 3] },
  };
  const conv = new ReferenceConv(spec);
  const reason = new Error('changed my mind');
  const x = new Float32Array(64 * 200 * 200);
  const controller = new AbortController();
  const running = conv.run({ x, dims: [1, 64, 200, 200] }, controller.signal);
  setTimeout(() => controller.abort(reason), 40);
  // A run that did not hear of it would end by itself, seconds later, and not reject.
  t.is(await t.throwsAsync(running), reason);
  t.is(
    await t.throwsAsync(conv.run({ x: nine, dims: [1, 64, 1, 1] }, AbortSignal.abort(reason))),
    reason,
  );
});

test('inputs that do not fit are refused', (t) => {
  const conv = new ReferenceConv(small);
  t.throws(() => conv.outputDims([1, 2, 3, 3]), { code: 'ERR_ARGUMENT' });
  t.throws(() => conv.outputDims([1, 1, 3]), { code: 'ERR_ARGUMENT' });
  t.throws(() => conv.outputDims([1, 1, 1, 3]), { code: 'ERR_ARGUMENT' });
});
