import test from 'ava';

import { KernelCache, nameOf } from '#convfuse/ops/kernel-cache.js';

test('a kernel is kept until its weights are others, and disposed of then', (t) => {
  const disposed: number[] = [];
  let made = 0;
  const make = (): { dispose(): void } => {
    const number = made++;
    return { dispose: () => void disposed.push(number) };
  };
  const cache = new KernelCache();
  const [weight, other] = [new Float32Array(1), new Float32Array(1)];
  const kernel = cache.get('a', weight, make);
  const holds = cache.holding('a', kernel);
  t.is(cache.get('a', weight, make), kernel);
  t.not(cache.get('b', weight, make), kernel);
  t.true(holds());
  t.not(cache.get('a', other, make), kernel);
  t.false(holds());
  t.deepEqual(disposed, [0]);
  t.is(
    cache.get('a', weight, () => undefined),
    undefined,
  );
  t.deepEqual(disposed, [0, 2]);
  cache.dispose();
  t.deepEqual(disposed, [0, 2, 1]);
});

test('nothing is kept of a kernel that could not be made', (t) => {
  const cache = new KernelCache();
  const failing = (): never => {
    throw new Error('no memory');
  };
  const weight = new Float32Array(1);
  t.throws(() => cache.get('a', weight, failing), { message: 'no memory' });
  let disposed = 0;
  const kernel = { dispose: () => void disposed++ };
  t.is(
    cache.get('a', weight, () => kernel),
    kernel,
  );
  t.throws(() => cache.get('a', new Float32Array(1), failing), { message: 'no memory' });
  cache.dispose();
  t.is(disposed, 1);
});

test('names tell what follows an activation', (t) => {
  const relu = { kind: 'relu', alpha: 0, beta: 0 } as const;
  const tail = { scale: 2, shift: 0, low: 0, high: 1 };
  t.is(nameOf(relu), 'relu');
  t.is(nameOf({ ...relu, tail }), 'relu 2,0,0,1');
});
