// Linear layers as the addon holds them: lengths, memory, and handles.

import test from 'ava';

import { IDENTITY } from '#convfuse/backend/activation.js';
import type { LinearHandle } from '#convfuse/backend/native/linear-addon.js';
import { addon, nativeBackends } from '../../helpers/native-backends.js';

const isa = addon.info().isas[0]!;
const floats = (length: number): Float32Array => new Float32Array(length).fill(1);
const PLAIN = Float32Array.of(0, 0, 1, -0, -Infinity, Infinity);

function make(n = 4, k = 3, b = n * k, bias: number | undefined = n): LinearHandle {
  const row = bias === undefined ? undefined : floats(bias);
  return addon.createLinear(isa, floats(b), n, k, false, row, 0, PLAIN, undefined);
}

test('arrays of a wrong length, and sizes without an end', (t) => {
  t.notThrows(() => make());
  for (const [n, k, b, bias] of [
    [4, 3, 11, 4],
    [4, 3, 13, 4],
    [4, 3, 12, 3],
    [4, 3, 12, 5],
    [0, 3, 0, 0],
    [4, 0, 0, 4],
    [2 ** 26 + 1, 1, 1, 1],
    [2 ** 32, 2 ** 32, 0, 4],
  ] as const) {
    t.throws(() => make(n, k, b, bias), { code: 'ERR_ARGUMENT' }, `${n} ${k} ${b} ${bias}`);
  }
  const linear = make();
  for (const [a, residual, out] of [
    [6, undefined, 7],
    [6, undefined, 9],
    [5, undefined, 8],
    [7, undefined, 8],
    [0, undefined, 4],
    [6, 7, 8],
    [6, 9, 8],
    [6, 0, 8],
  ] as const) {
    const added = residual === undefined ? undefined : floats(residual);
    const run = (): void => addon.runLinear(linear, floats(a), added, floats(out), 1);
    t.throws(run, { code: 'ERR_ARGUMENT' }, `${a} ${residual} ${out}`);
  }
  t.notThrows(() => addon.runLinear(linear, floats(0), undefined, floats(0), 1));
  t.notThrows(() => addon.runLinear(linear, floats(0), floats(0), floats(0), 1));
  const out = floats(8);
  addon.runLinear(linear, floats(6), undefined, out, 0);
  t.deepEqual([...out], Array<number>(8).fill(4));
  addon.runLinear(linear, floats(6), out.slice(), out, 1);
  t.deepEqual([...out], Array<number>(8).fill(8));
});

test('an activation has one slope', (t) => {
  const prelu = addon.info().activations.indexOf('prelu');
  const create = (slopes: number): LinearHandle =>
    addon.createLinear(isa, floats(12), 4, 3, false, undefined, prelu, PLAIN, floats(slopes));
  t.notThrows(() => create(1));
  t.throws(() => create(4), { code: 'ERR_ARGUMENT' });
});

test('an output that shares a byte with an input is refused', (t) => {
  const memory = floats(20);
  const linear = make();
  for (let at = 0; at <= 12; at++) {
    const out = memory.subarray(at, at + 8);
    const run = (): void => addon.runLinear(linear, memory.subarray(8, 14), undefined, out, 1);
    if (at === 0) t.notThrows(run);
    else t.throws(run, { code: 'ERR_ARGUMENT' }, `${at}`);
    const add = (): void => addon.runLinear(linear, floats(6), memory.subarray(8, 16), out, 1);
    if (at === 0) t.notThrows(add);
    else t.throws(add, { code: 'ERR_ARGUMENT' }, `residual ${at}`);
  }
});

test('handles are told apart from other objects, and may be disposed of twice', (t) => {
  const linear = make();
  addon.disposeLinear(linear);
  addon.disposeLinear(linear);
  const run = (handle: unknown): void =>
    addon.runLinear(handle as LinearHandle, floats(6), undefined, floats(8), 1);
  t.throws(() => run(linear), { code: 'ERR_DISPOSED' });
  for (const fake of [{}, addon, new WeakMap(), Object.create(make())]) {
    t.throws(() => run(fake), { code: 'ERR_ARGUMENT' });
  }
});

test('layers that the native side has not are declined', (t) => {
  const spec = { transposed: false, bias: undefined, activation: IDENTITY, threads: 1 };
  const [backend] = nativeBackends;
  t.is(backend!.linear({ ...spec, weight: floats(0), n: 0, k: 3 }), undefined);
  t.is(backend!.linear({ ...spec, weight: floats(0), n: 3, k: 0 }), undefined);
  t.is(backend!.linear({ ...spec, weight: new Float64Array(6), n: 3, k: 2 }), undefined);
  t.is(backend!.linear({ ...spec, weight: floats(0), n: 1, k: 2 ** 26 + 1 }), undefined);
});
