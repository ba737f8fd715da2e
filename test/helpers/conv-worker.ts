// What the lifetime tests run in worker threads and in processes of their own. The mode is the
// worker's data or the first argument.

import { parentPort, workerData } from 'node:worker_threads';

import { longInput, longLayer } from './long-conv.js';

const mode: unknown = workerData ?? process.argv[2];
const layer = longLayer();
const x = longInput(96);

async function runForEver(): Promise<never> {
  for (;;) await layer.run(x);
}

switch (mode) {
  case 'flight': // until somebody ends the thread
    for (let i = 0; i < 4; i++) void runForEver();
    parentPort?.postMessage('started');
    break;
  case 'exit':
    for (let i = 0; i < 20; i++) void layer.run(x);
    setTimeout(() => process.exit(7), 10);
    break;
  case 'throw':
    for (let i = 0; i < 20; i++) void layer.run(x);
    setTimeout(() => {
      throw new Error('not caught, on purpose');
    }, 10);
    break;
  case 'end': // Node waits for the runs, and only for them
    void Promise.all([layer.run(x), layer.run(x)]).then(() => console.log('all done'));
    break;
  case 'idle':
    layer.runSync(x);
    console.log('idle');
    break;
  default: {
    const seed = Number(mode);
    const inputs = [1, 2, 3].map((i) => longInput(24, seed * 10 + i));
    const results = await Promise.all(inputs.map((input) => layer.run(input)));
    const same = results.every((result, i) => {
      const expected = layer.runSync(inputs[i]!).data as Float32Array;
      return expected.every((value, at) => value === result.data[at]);
    });
    parentPort?.postMessage(same);
  }
}
