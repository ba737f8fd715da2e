// The addon against everything that can happen to a run under way (RELIABILITY group E).

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

import test from 'ava';

import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { difference } from '../../helpers/conv-case.js';
import { longInput, longLayer } from '../../helpers/long-conv.js';

const script = new URL('../../helpers/conv-worker.js', import.meta.url);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const floats = (tensor: Tensor): Float32Array => tensor.data as Float32Array;

function detach(array: Float32Array): void {
  structuredClone(0, { transfer: [array.buffer as ArrayBuffer] });
}

test.serial(
  'inputs may be changed, transferred and collected while a run is under way',
  async (t) => {
    const layer = longLayer();
    const expected = floats(layer.runSync(longInput(32), { residual: longInput(32, 3) }));
    const runs: Promise<Tensor>[] = [];
    for (let i = 0; i < 60; i++) {
      const x = longInput(32);
      const residual = longInput(32, 3);
      runs.push(layer.run(x, { residual }));
      if (i % 3 === 0) floats(x).fill(NaN);
      if (i % 3 === 1) detach(floats(x));
      if (i % 2 === 0) detach(floats(residual));
      if (i % 20 === 0) collectGarbage();
    }
    for (const run of runs) t.is(difference(floats(await run), expected), undefined);
  },
);

test.serial('an output that is detached meanwhile rejects its run', async (t) => {
  const layer = longLayer();
  const out = longInput(32);
  const running = layer.run(longInput(32), { out });
  detach(floats(out));
  await t.throwsAsync(running, { code: 'ERR_ARGUMENT' });
});

test.serial('results are never written again', async (t) => {
  const layer = longLayer();
  const first = await layer.run(longInput(72)); // large enough for recycled memory
  const copy = floats(first).slice();
  for (let i = 0; i < 12; i++) {
    await layer.run(longInput(72, i));
    collectGarbage();
    await sleep(1);
  }
  t.is(difference(floats(first), copy), undefined);
});

test.serial(
  'an aborted run rejects with the reason, and its work stops within 50 ms',
  async (t) => {
    const layer = longLayer();
    const long = longInput(400); // seconds of work on one thread
    const short = longInput(2);
    let least = Infinity;
    for (let i = 0; i < 5 && least > 50; i++) {
      const controller = new AbortController();
      const running = layer.run(long, { signal: controller.signal });
      await sleep(30);
      const reason = new Error('enough');
      const start = performance.now();
      controller.abort(reason);
      t.is(await t.throwsAsync(running), reason);
      await layer.run(short); // waits for its turn
      least = Math.min(least, performance.now() - start);
    }
    t.true(least <= 50, `${least} ms`);
  },
);

test.serial('aborted before: nothing starts; after: nothing happens', async (t) => {
  const layer = longLayer();
  const x = longInput(8);
  t.is(
    await t.throwsAsync(layer.run(x, { signal: AbortSignal.abort('why') }), { any: true }),
    'why',
  );
  const controller = new AbortController();
  const out = longInput(8);
  t.is(await layer.run(x, { signal: controller.signal, out }), out);
  controller.abort();
  await sleep(5);
});

test.serial('a storm of aborts', async (t) => {
  const layer = longLayer();
  const random = new Random(9);
  const x = longInput(24);
  const expected = floats(layer.runSync(x));
  let aborted = 0;
  const runs = Array.from({ length: 400 }, async (_, i) => {
    const controller = new AbortController();
    const delay = random.integer(0, 120);
    const abort = (): void => controller.abort(new Error(`${i}`));
    const running = layer.run(x, { signal: controller.signal });
    // Some at once, however fast the layer is; the others wherever they are by then.
    if (i % 8 === 0) abort();
    else setTimeout(abort, delay);
    try {
      const result = await running;
      t.is(difference(floats(result), expected), undefined);
    } catch (error) {
      aborted += 1;
      t.is((error as Error).message, `${i}`);
    }
  });
  await Promise.all(runs);
  t.true(aborted >= 50);
  t.is(difference(floats(await layer.run(x)), expected), undefined);
});

test.serial('worker threads are terminated with work under way', async (t) => {
  const random = new Random(4);
  const lane = async (): Promise<void> => {
    for (let i = 0; i < 12; i++) {
      const worker = new Worker(script, { workerData: 'flight' });
      await once(worker, 'message');
      await sleep(random.integer(0, 10));
      t.is(await worker.terminate(), 1);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
});

test.serial('several worker threads compute at once', async (t) => {
  const workers = Array.from({ length: 8 }, (_, i) => new Worker(script, { workerData: i }));
  for (const [same] of await Promise.all(workers.map((worker) => once(worker, 'message')))) {
    t.true(same);
  }
});

test.serial('processes exit with work under way', (t) => {
  const run = (mode: string): { status: number | null; stdout: string; signal: string | null } =>
    spawnSync(process.execPath, [fileURLToPath(script), mode], { encoding: 'utf8' });
  for (let i = 0; i < 3; i++) t.like(run('exit'), { status: 7, signal: null });
  t.like(run('throw'), { status: 1, signal: null });
  t.like(run('end'), { status: 0, stdout: 'all done\n' });
  t.like(run('idle'), { status: 0, stdout: 'idle\n' });
});

test.serial('memory does not grow with the number of calls', async (t) => {
  const layer = longLayer();
  const x = longInput(3);
  const large = longInput(72);
  const out = longInput(72);
  const round = async (): Promise<number> => {
    for (let i = 0; i < 1500; i++) {
      await layer.run(x);
      layer.runSync(x);
      await t.throwsAsync(layer.run(x, { signal: AbortSignal.abort() }), { any: true });
    }
    for (let i = 0; i < 10; i++) await layer.run(large, { out });
    for (let i = 0; i < 20; i++) longLayer().dispose();
    collectGarbage();
    await sleep(20);
    collectGarbage();
    return process.memoryUsage().rss;
  };
  await round();
  const before = await round();
  let growth = Infinity;
  for (let i = 0; i < 4 && growth > 4 << 20; i++) growth = (await round()) - before;
  t.true(growth <= 4 << 20, `${growth} bytes`);
});
