import test from 'ava';

import { benchModel, type ModelBenchOptions } from '#convfuse/api/bench.js';
import { loadModel } from '#convfuse/api/load.js';
import { parseText } from '#convfuse/ir/text.js';
import { convBnModel } from '../helpers/small-models.js';

const timing = { rounds: 2, milliseconds: 1 };

/** Four convolutions, the middle two alike; a batch norm, a sum and activations. */
const NETWORK = `
  x: input float[batch, 2, 6, 6]
  p: float[2] = {1, 2}
  w: float[2, 2, 3, 3]
  u: float[2, 2, 1, 1]
  a = Conv<pads = [1, 1, 1, 1]>(x, w)
  b = BatchNormalization(a, p, p, p, p)
  c = Relu(b)
  d = Conv<pads = [1, 1, 1, 1]>(c, w)
  e = Relu(d)
  f = Conv<pads = [1, 1, 1, 1]>(e, w)
  g = Relu(f)
  h = Conv(g, u)
  i = Add(h, c)
  y = Sigmoid(i)
`;

test('whole networks and their kinds of layers, at every batch and number of threads', async (t) => {
  const steps: string[] = [];
  const bench = await benchModel(parseText(NETWORK), {
    batch: [1, 3],
    threads: [1, 2],
    timing,
    onProgress: (done, total) => steps.push(`${done}/${total}`),
  });
  t.is(bench.fused, 1);
  t.is(bench.verification.status, 'passed');
  t.is(bench.machine.backend, 'native');
  t.deepEqual(
    bench.networks.map(({ batch, threads, skipped }) => [batch, threads, skipped]),
    [
      [1, 1, undefined],
      [1, 2, undefined],
      [3, 1, undefined],
      [3, 2, undefined],
    ],
  );
  t.deepEqual(
    bench.layers.slice(0, 3).map(({ node, count, passes }) => [node, count, passes.join()]),
    [
      ['a', 1, 'fuse-batch-norm-into-conv,relu'],
      ['d', 2, 'relu'],
      ['h', 1, 'add,sigmoid'],
    ],
  );
  t.is(bench.layers.length, 12);
  t.deepEqual(bench.layers.at(-1)!.dims, [3, 2, 6, 6]);
  t.is(steps.at(-1), '15/16');
  for (const { batch, variants } of [...bench.networks, ...bench.layers]) {
    t.deepEqual(
      variants.map(({ variant }) => variant),
      ['unfused', 'fused'],
    );
    t.deepEqual(variants[0]!.ratio, { median: 1, low: 1, high: 1 });
    for (const { latency, p95, imagesPerSecond, ratio } of variants) {
      t.true(p95 >= latency.low && ratio.median > 0);
      t.is(imagesPerSecond, (batch * 1000) / latency.median);
    }
  }
});

test('a batch that the model does not take is said, its layers are timed all the same', async (t) => {
  const model = await loadModel(convBnModel());
  const { networks, layers } = await benchModel(model, { batch: [2], threads: [1], timing });
  t.deepEqual(networks[0]!.variants, []);
  t.is(networks[0]!.skipped, 'the batch of input x is 1 in the model');
  t.deepEqual(layers[0]!.dims, [2, 4, 6, 6]);
  const alone = await benchModel(model, { threads: [1], layers: false, timing });
  t.deepEqual(alone.layers, []);
  t.is(alone.networks[0]!.variants.length, 2);
});

test('a convolution with nothing fused into it has no unfused form', async (t) => {
  const model = parseText('x: input float[1, 1, 3, 3]\nw: float[1, 1, 1, 1]\ny = Conv(x, w)');
  const { layers, fused } = await benchModel(model, { threads: [1], timing });
  t.is(fused, 0);
  t.deepEqual(
    layers.map(({ passes, variants }) => [passes, variants.map(({ variant }) => variant)]),
    [[[], ['fused']]],
  );
});

test('wrong arguments, unknown shapes, and an abort', async (t) => {
  const model = parseText(NETWORK);
  const wrong: ModelBenchOptions[] = [
    { batch: [] },
    { batch: [0] },
    { threads: [1.5] },
    { batch: 1 as unknown as number[] },
  ];
  for (const options of wrong) {
    await t.throwsAsync(benchModel(model, options), { code: 'ERR_ARGUMENT' });
  }
  const open = parseText('x: input float[1, 1, h, w]\nk: float[1, 1, 1, 1]\ny = Conv(x, k)');
  await t.throwsAsync(benchModel(open), { code: 'ERR_UNSUPPORTED' });
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  t.is(await t.throwsAsync(benchModel(model, { signal })), reason);
});
