// What the tests of interrupted networks run in worker threads and in processes of their own. The
// mode is the worker's data or the first argument.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';

import { blockedInput, blockedNetwork } from './blocked-network.js';

const mode: unknown = workerData ?? process.argv[2];

/** Two threads that run networks until the process ends. */
async function startFlight(): Promise<void> {
  const script = fileURLToPath(import.meta.url);
  const workers = [0, 1].map(() => new Worker(script, { workerData: 'flight' }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
}

switch (mode) {
  case 'flight': {
    const network = blockedNetwork(3);
    parentPort?.postMessage('started');
    for (let seed = 0; ; seed = (seed + 1) % 4) network.runSync({ x: blockedInput(seed) });
  }
  case 'exit':
    await startFlight();
    setTimeout(() => process.exit(7), 15);
    break;
  case 'throw':
    await startFlight();
    setTimeout(() => {
      throw new Error('not caught, on purpose');
    }, 15);
    break;
  default: {
    const x = blockedInput(Number(mode));
    const one = blockedNetwork(1).runSync({ x })['y']!.data as Float32Array;
    const three = blockedNetwork(3);
    const same = Array.from({ length: 20 }).every(() =>
      (three.runSync({ x })['y']!.data as Float32Array).every((value, i) => value === one[i]),
    );
    parentPort?.postMessage(same);
  }
}
