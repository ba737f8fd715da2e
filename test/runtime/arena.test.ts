import test from 'ava';

import { Arena } from '#convfuse/runtime/arena.js';

test('memory is lent while a value lies in it, and used again after', (t) => {
  const arena = new Arena();
  const a = arena.take('float32', [2000], 'float32') as Float32Array;
  arena.retain(a);
  arena.retain(a);
  t.is(arena.lentBytes, 8000);
  arena.release(a);
  t.is(arena.freeBytes, 0);
  arena.release(a);
  t.is(arena.freeBytes, 8000);
  const b = arena.take('float64', [900], 'float32') as Float64Array;
  t.is(b.buffer, a.buffer);
  t.is(b.length, 900);
  t.is(arena.freeBytes, 0);
});

test('a request is not given a buffer more than twice its size', (t) => {
  const arena = new Arena();
  const large = arena.take('float32', [100_000], 'float32');
  arena.retain(large);
  arena.release(large);
  const small = arena.take('float32', [2000], 'float32') as Float32Array;
  t.is(small.buffer.byteLength, 8000);
});

test('memory in blocks is used again for its own geometry only', (t) => {
  const arena = new Arena();
  const layout = { lanes: 4, top: 1, left: 1, bottom: 1, right: 1 };
  const a = arena.takeBlocked([1, 5, 2, 3], layout);
  t.deepEqual(a, new Float32Array(2 * 4 * 5 * 4));
  arena.retain(a);
  arena.release(a);
  t.is(arena.freeBytes, 640);
  // As large, with another halo.
  const b = arena.takeBlocked([1, 5, 2, 3], { ...layout, bottom: 0, top: 2 });
  t.not(b.buffer, a.buffer);
  arena.settle(b);
  const c = arena.takeBlocked([1, 5, 2, 3], layout);
  t.is(c.buffer, a.buffer);
  arena.settle(c);
  arena.forgetBlocked();
  t.is(arena.freeBytes, 0);
});

test('what was taken and never held is settled', (t) => {
  const arena = new Arena();
  const a = arena.take('int32', [5000], 'float32');
  arena.settle(a);
  t.is(arena.lentBytes, 0);
  t.is(arena.freeBytes, 20_032);
});

test('floating-point types are held in the arithmetic of the run', (t) => {
  const arena = new Arena();
  t.true(arena.take('float16', [1], 'float32') instanceof Float32Array);
  t.true(arena.take('float16', [5000], 'float64') instanceof Float64Array);
  t.true(arena.take('float64', [5000], 'float32') instanceof Float64Array);
  t.true(arena.take('int64', [5000], 'float64') instanceof BigInt64Array);
  t.true(arena.take('bool', [5000], 'float64') instanceof Uint8Array);
  t.throws(() => arena.take('float32', [2 ** 20, 2 ** 20], 'float32'), { code: 'ERR_LIMIT' });
});
