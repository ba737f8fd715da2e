// Networks in blocks against everything that can end a run: aborts, threads that are terminated,
// processes that exit. What is left over must not show in the next run.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import test from 'ava';

import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { blockedInput, blockedNetwork } from '../helpers/blocked-network.js';
import { difference } from '../helpers/conv-case.js';

const script = new URL('../helpers/network-worker.js', import.meta.url);

/** Enough that a run gives others their turn several times. */
const LAYERS = 400;

const output = (outputs: Record<string, Tensor>): Float32Array =>
  outputs['y']!.data as Float32Array;

test.serial('runs that overlap and abort leave no trace in halos or buffers', async (t) => {
  const session = blockedNetwork(2, LAYERS);
  const inputs = Array.from({ length: 4 }, (_, seed) => blockedInput(seed));
  const steps = session
    .plan({ x: inputs[0]! })
    .steps.filter(({ layouts }) => layouts[0] !== undefined);
  t.true(steps.length >= 3 * LAYERS, `${steps.length} values in blocks`);
  const expected = inputs.map((x) => output(blockedNetwork(1, LAYERS).runSync({ x })).slice());
  const random = new Random(6);
  let aborted = 0;
  const runs = Array.from({ length: 60 }, async (_, i) => {
    const controller = new AbortController();
    const running = session.run({ x: inputs[i % 4]! }, { signal: controller.signal });
    if (i % 2 === 0) setTimeout(() => controller.abort(new Error(`${i}`)), random.integer(0, 400));
    try {
      t.is(difference(output(await running), expected[i % 4]!), undefined);
    } catch (error) {
      aborted += 1;
      t.is((error as Error).message, `${i}`);
    }
  });
  await Promise.all(runs);
  t.true(aborted >= 10, `${aborted} runs aborted`);
  for (const [i, x] of inputs.entries()) {
    t.is(difference(output(session.runSync({ x })), expected[i]!), undefined);
  }
  t.is(session.memory.lent, 0);
});

test.serial('worker threads are terminated in the middle of a network', async (t) => {
  const random = new Random(4);
  const lane = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) {
      const worker = new Worker(script, { workerData: 'flight' });
      await once(worker, 'message');
      await sleep(random.integer(0, 20));
      const start = performance.now();
      t.is(await worker.terminate(), 1);
      t.true(performance.now() - start < 2000, 'a thread ends with the layer that it is at');
    }
  };
  await Promise.all([lane(), lane(), lane()]);
});

test.serial('several worker threads run networks at once, on several threads each', async (t) => {
  const workers = Array.from({ length: 4 }, (_, i) => new Worker(script, { workerData: i }));
  for (const [same] of await Promise.all(workers.map((worker) => once(worker, 'message')))) {
    t.true(same);
  }
});

test.serial('processes exit while other threads are in the middle of networks', (t) => {
  for (const [mode, status] of [
    ['exit', 7],
    ['throw', 1],
    ['exit', 7],
    ['throw', 1],
  ] as const) {
    const child = spawnSync(process.execPath, [fileURLToPath(script), mode], { encoding: 'utf8' });
    t.like(child, { status, signal: null }, child.stderr);
  }
});
