// Many who wait for one signal.

import test from 'ava';

import { whenAborted } from '#convfuse/backend/abort.js';
import { FusedConv2d } from '#convfuse/index.js';

/** A signal that counts its listeners. */
class Counting extends EventTarget {
  aborted = false;
  reason: unknown;
  listeners = 0;

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners++;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners--;
    super.removeEventListener(...args);
  }
}

test('all who wait share a listener, and each is called once', (t) => {
  const { signal } = new AbortController();
  const counting = new Counting();
  const called: number[] = [];
  const forget = [0, 1, 2].map((i) =>
    whenAborted(counting as unknown as AbortSignal, () => called.push(i)),
  );
  t.is(counting.listeners, 1);
  forget[1]!();
  forget[1]!();
  counting.dispatchEvent(new Event('abort'));
  t.deepEqual(called, [0, 2]);
  forget[0]!();
  t.is(counting.listeners, 1);
  forget[2]!();
  t.is(counting.listeners, 0);
  t.is(whenAborted(signal, () => undefined)(), undefined);
});

test('any number of runs wait for one signal, without a warning and without a trace', async (t) => {
  const weight = { type: 'float32', dims: [4, 4, 3, 3], data: new Float32Array(144) } as const;
  const x = { type: 'float32', dims: [1, 4, 16, 16], data: new Float32Array(1024) } as const;
  const layer = new FusedConv2d({ weight });
  const counting = new Counting();
  const signal = counting as unknown as AbortSignal;
  const runs = Array.from({ length: 30 }, () => layer.run(x, { signal }));
  t.true(counting.listeners <= 1);
  await Promise.all(runs);
  t.is(counting.listeners, 0);
  layer.dispose();
});
