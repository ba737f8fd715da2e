// What the addon itself makes of arguments that TypeScript would not let through: an error with a
// code, each time, and never a crash.

import test from 'ava';

import type { Addon } from '#convfuse/backend/native/addon.js';
import type { ConvHandle } from '#convfuse/backend/native/conv-addon.js';
import type { LinearHandle } from '#convfuse/backend/native/linear-addon.js';
import { addon, BLOCK, floats, isa, makeLinks, POOL } from '../../helpers/chain-links.js';
import { PLAIN, rows } from '../../helpers/elementwise-places.js';

function detached<A extends Float32Array | Float64Array | Uint32Array>(array: A): A {
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

/** Of a resizable buffer that has become too small for it. The types of TypeScript know none. */
const shrunk = (): Float32Array => {
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(length: number): void };
  const buffer = new Resizable(64, { maxByteLength: 64 });
  const view = new Float32Array(buffer, 0, 16);
  buffer.resize(8);
  return view;
};

/** Odd values, none of which is right for any argument but some numbers for a size. */
const ODD: readonly unknown[] = [
  null,
  true,
  '',
  'x',
  '\0',
  'a'.repeat(1e5),
  -1,
  1.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 64,
  1e308,
  10n,
  Symbol('s'),
  () => 1,
  [],
  [1, 2, 3],
  {},
  Object.create(null),
  new Proxy({}, {}),
  new Proxy(new Float32Array(4), {}),
  new Date(),
  /r/,
  new Map(),
  new Error('e'),
  Promise.resolve(),
  new ArrayBuffer(16),
  new SharedArrayBuffer(16),
  new DataView(new ArrayBuffer(16)),
  new Uint8Array(3),
  new Int32Array(3),
  new BigInt64Array(2),
  new Uint16Array(7),
  new Float32Array(0),
  new Float32Array(5),
  new Float64Array(3),
  new Uint32Array(5),
  Buffer.from('abc'),
  detached(new Float32Array(4)),
  detached(new Uint32Array(13)),
  shrunk(),
  Object.create(new Float32Array(4)) as unknown,
];

const GEOMETRY = Uint32Array.of(2, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0);
const SHAPE = Uint32Array.of(1, 1, 1, 3, 1, 1, 3, 0, 0, 0);
function makeConv(): ConvHandle {
  return addon.createConv(isa, GEOMETRY, floats(8), floats(4), 0, 0, PLAIN, undefined, false);
}

function makeLinear(): LinearHandle {
  return addon.createLinear(isa, floats(12), 4, 3, false, floats(4), 0, PLAIN, undefined);
}

/** Good arguments of each function, and which of them may be undefined. */
const CALLS: Readonly<Record<string, { args: () => unknown[]; optional: readonly number[] }>> = {
  scaleRows: {
    args: () => {
      const [scale, loss, mass] = [1, 2, 3].map(() => new Float64Array(2));
      return [isa, 'float32', floats(6), scale, floats(6), loss, mass, 1, 1, 2, 3];
    },
    optional: [],
  },
  gemm: {
    args: () => [isa, floats(6), floats(12), floats(8), 2, 4, 3, false, false, 1, 0, 1, 1],
    optional: [],
  },
  pool: {
    args: () => {
      const sizes = Uint32Array.of(2, 1, 1, 3, 1, 1, 2, 1, 1, 1);
      const windows = Int32Array.of(0, 1, 1, 0, 1, 1, 0, 1, 2, 2, 2, 2);
      return [isa, false, floats(6), floats(4), sizes, windows, 1];
    },
    optional: [],
  },
  poolBlocked: {
    args: () => {
      const sizes = Uint32Array.of(1, 2, 1, 3, 1, 2, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1);
      const windows = Int32Array.of(0, 1, 1, 0, 1, 2, 2, 2, 2);
      const lanes = addon.info().lanes[0]!;
      return [isa, false, floats(3 * lanes), floats(12 * lanes), sizes, windows, 1];
    },
    optional: [],
  },
  elementwise: {
    args: () => [isa, floats(6), floats(3), floats(6), rows({}), 3, PLAIN.slice(), floats(1), 1],
    optional: [],
  },
  normalise: {
    args: () => {
      const sizes = Uint32Array.of(2, 3, 4, 3);
      return [isa, floats(24), floats(24), floats(3), floats(3), sizes, 1e-5, 1];
    },
    optional: [],
  },
  sumRows: { args: () => [isa, floats(24), floats(6), 4, 4, 1], optional: [] },
  copy: {
    args: () => [isa, floats(6), floats(6), Int32Array.of(0, 0, 3, 1, 2, 2, 3, 1), 1],
    optional: [],
  },
  resample: {
    args: () => {
      const sizes = Uint32Array.of(2, 1, 3, 2, 4, 1, 1);
      const index = [Int32Array.of(0, 0), Int32Array.of(0, 1, 2, 2)];
      return [isa, floats(6), floats(16), sizes, index[0], floats(2), index[1], floats(4), 1];
    },
    optional: [5, 7],
  },
  resampleBlocked: {
    args: () => {
      const sizes = Uint32Array.of(1, 2, 1, 3, 2, 4, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1);
      const index = [Int32Array.of(0, 0), Int32Array.of(0, 1, 2, 2)];
      const lanes = addon.info().lanes[0]!;
      const [x, y] = [floats(3 * lanes), floats(24 * lanes)];
      return [isa, x, y, sizes, index[0], floats(2), index[1], floats(4), 1];
    },
    optional: [5, 7],
  },
  softmax: { args: () => [isa, false, floats(24), floats(24), 2, 3, 4, 1], optional: [] },
  createConv: {
    args: () => [isa, GEOMETRY, floats(8), floats(4), 0, 3, PLAIN.slice(), floats(4), false],
    optional: [3],
  },
  describeConv: { args: () => [makeConv(), SHAPE, 1], optional: [] },
  runConv: { args: () => [makeConv(), floats(6), floats(12), SHAPE, 1, floats(12)], optional: [2] },
  startConv: { args: () => [makeConv(), floats(6), floats(12), SHAPE, 1], optional: [2] },
  disposeConv: { args: () => [makeConv()], optional: [] },
  createChain: { args: () => [isa, [...makeLinks(), POOL], 1], optional: [] },
  runChain: {
    args: () => {
      const chain = addon.createChain(isa, [...makeLinks(), POOL], 1);
      return [chain, floats(BLOCK), floats(BLOCK), floats(BLOCK)];
    },
    optional: [2],
  },
  createLinear: {
    args: () => [isa, floats(12), 4, 3, true, floats(4), 3, PLAIN.slice(), floats(1)],
    optional: [5],
  },
  runLinear: { args: () => [makeLinear(), floats(6), floats(8), floats(8), 1], optional: [2] },
  disposeLinear: { args: () => [makeLinear()], optional: [] },
  takeResult: { args: () => [12345, undefined], optional: [1] },
};

function call(name: string, args: readonly unknown[]): unknown {
  const functions = addon as unknown as Readonly<Record<string, (...all: unknown[]) => unknown>>;
  return functions[name]!(...args);
}

const CODES = ['ERR_ARGUMENT', 'ERR_NATIVE_LOAD', 'ERR_INTERNAL', 'ERR_UNSUPPORTED', 'ERR_MEMORY'];

// Jobs that do start have to be fetched, or they would stay.
addon.listen((id) => addon.takeResult(id, undefined));

test('good arguments pass', (t) => {
  for (const [name, { args }] of Object.entries(CALLS)) {
    if (name !== 'takeResult') t.notThrows(() => call(name, args()), name);
  }
});

test('every odd value for every argument gives an error with a code, or works', (t) => {
  let refused = 0;
  for (const [name, { args, optional }] of Object.entries(CALLS)) {
    for (let position = 0; position < args().length; position++) {
      for (const odd of [...ODD, ...(optional.includes(position) ? [] : [undefined])]) {
        const all = args();
        all[position] = odd;
        try {
          call(name, all);
        } catch (error) {
          const code = (error as { code?: string }).code;
          if (!CODES.includes(code ?? '')) t.fail(`${name}[${position}]: ${String(error)}`);
          refused += 1;
        }
      }
    }
  }
  t.true(refused > 1500, `${refused} refused`);
});

test('missing arguments', (t) => {
  for (const [name, { args }] of Object.entries(CALLS)) {
    if (name === 'takeResult' || name.startsWith('dispose')) continue;
    for (let count = 0; count < args().length - 1; count++) {
      t.throws(() => call(name, args().slice(0, count)), undefined, `${name} with ${count}`);
    }
  }
});

test('layouts: lengths with halos, planes only, and none for asynchronous runs', (t) => {
  const lanes = addon.info().lanes[0]!;
  const conv = makeConv();
  const halo = [1, 1, 1, 1, 1];
  const shape = (...layouts: number[]): Uint32Array => Uint32Array.of(...SHAPE, ...layouts);
  const run = (s: Uint32Array, x: number, out: number): void =>
    addon.runConv(conv, floats(x), undefined, s, 1, floats(out));
  const good = shape(...halo, ...halo, ...halo);
  const [x, out] = [Math.ceil(2 / lanes) * lanes * 15, Math.ceil(4 / lanes) * lanes * 15];
  run(good, x, out);
  const dense = [0, 0, 0, 0, 0];
  run(shape(...halo, ...dense, ...dense), x, 12);
  const most = 2 ** 32 - 1;
  for (const [s, inputs, outputs] of [
    [good, x - 1, out],
    [good, x, out + 1],
    [good, 6, 12],
    [shape(...halo, ...halo), x, out],
    [shape(1, most, 0, 0, 0, ...dense, ...dense), x, 12],
    [shape(1, 2 ** 24, 2 ** 24, 2 ** 24, 2 ** 24, ...dense, ...dense), x, 12],
    [Uint32Array.of(1, 3, 1, 1, 3, 1, 1, 0, 0, 0, ...halo, ...dense, ...dense), x, 12],
  ] as const) {
    t.throws(() => run(s, inputs, outputs), { code: 'ERR_ARGUMENT' }, String(s));
  }
  t.throws(() => addon.startConv(conv, floats(x), undefined, good, 1), { code: 'ERR_ARGUMENT' });
});

test('arrays of a wrong length, and sizes whose product overflows', (t) => {
  const shape = (...numbers: number[]): Uint32Array => Uint32Array.from(numbers);
  const most = 2 ** 32 - 1;
  const conv = makeConv();
  const run = (s: Uint32Array, x = 6, out = 12): void =>
    addon.runConv(conv, floats(x), undefined, s, 1, floats(out));
  run(SHAPE);
  for (const [s, x, out] of [
    [SHAPE, 5, 12],
    [SHAPE, 7, 12],
    [SHAPE, 6, 11],
    [SHAPE, 6, 13],
    [shape(most, most, most, most, most, most, most, 0, 0, 0), 6, 12],
    [shape(1, 2 ** 31, 2 ** 31, 4, 1, 1, 3, 0, 0, 0), 0, 12],
    [shape(1, 1, 1, 3, 1, 1, 3, most, 0, 0), 6, 12],
    [shape(0, 1, 1, 3, 1, 1, 3, 0, 0, 0), 0, 0],
  ] as const) {
    t.throws(() => run(s, x, out), { code: 'ERR_ARGUMENT' });
  }
  for (const geometry of [
    [0, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
    [2, 4, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
    [2, 4, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
    [2, 4, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0],
    [2, 4, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0],
    [2, 4, 1, 1, 1, 1, 1, 1, 1, 1, most, 1, 0],
    [most, most, 1, 2 ** 24, 2 ** 24, 2 ** 24, 1, 1, 1, 1, 1, 1, 0],
  ]) {
    const create = (): ConvHandle =>
      addon.createConv(
        isa,
        Uint32Array.from(geometry),
        floats(8),
        undefined,
        0,
        0,
        PLAIN,
        undefined,
        false,
      );
    t.throws(create, { code: 'ERR_ARGUMENT' }, geometry.join());
  }
});

test('an output that shares a byte with an input is refused', (t) => {
  const buffer = new ArrayBuffer(400);
  const conv = makeConv();
  const x = new Float32Array(buffer, 48, 6); // bytes 48 to 72
  for (let at = 0; at <= 120; at += 4) {
    const out = new Float32Array(buffer, at, 12); // 48 bytes
    const run = (): void => addon.runConv(conv, x, undefined, SHAPE, 1, out);
    if (at + 48 <= 48 || at >= 72) t.notThrows(run);
    else t.throws(run, { code: 'ERR_ARGUMENT' });
  }
  const residual = new Float32Array(buffer, 200, 12);
  t.throws(() => addon.runConv(conv, x, residual, SHAPE, 1, new Float32Array(buffer, 244, 12)), {
    code: 'ERR_ARGUMENT',
  });
});

test('handles are told apart from other objects, and may be disposed of twice', (t) => {
  const conv = makeConv();
  addon.disposeConv(conv);
  addon.disposeConv(conv);
  t.throws(() => addon.describeConv(conv, SHAPE, 1), { code: 'ERR_DISPOSED' });
  for (const fake of [{}, addon, new WeakMap(), Object.create(makeConv())]) {
    t.throws(() => addon.describeConv(fake as ConvHandle, SHAPE, 1), { code: 'ERR_ARGUMENT' });
  }
});

test('memory shared with other threads may be read and written by synchronous runs', (t) => {
  const shared = (length: number): Float32Array =>
    new Float32Array(new SharedArrayBuffer(4 * length)).fill(1);
  const out = shared(12);
  addon.runConv(makeConv(), shared(6), undefined, SHAPE, 1, out);
  t.true(out.every((value) => value === 3)); // 1 + 1 + bias
});

test('only one listener', (t) => {
  t.throws(() => (addon as Addon).listen(() => undefined), { code: 'ERR_INTERNAL' });
});
