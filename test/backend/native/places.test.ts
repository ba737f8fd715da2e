// What arguments of the addon say of places in memory: nothing outside an array is read or written.

import test from 'ava';

import { PLAIN, rows } from '../../helpers/elementwise-places.js';
import { addon } from '../../helpers/native-backends.js';

const isa = addon.info().isas[0]!;
const floats = (length: number): Float32Array => new Float32Array(length).fill(1);
const ROWS = rows({});

test('resampling reads nothing outside its input, and nothing that it writes', (t) => {
  const sizes = Uint32Array.of(1, 1, 3, 1, 2, 1, 1);
  const run = (row: Int32Array, column: Int32Array, y = floats(2)): void =>
    addon.resample(isa, floats(3), y, sizes, row, undefined, column, undefined, 1);
  run(Int32Array.of(0), Int32Array.of(2, 0));
  for (const [row, column] of [
    [0, 3],
    [0, -1],
    [1, 0],
    [-1, 0],
    [0, 2 ** 31 - 1],
  ] as const) {
    const bad = (): void => run(Int32Array.of(row), Int32Array.of(0, column));
    t.throws(bad, { code: 'ERR_ARGUMENT' }, `${row}, ${column}`);
  }
  const shared = new Int32Array(2);
  const over = (): void => run(Int32Array.of(0), shared, new Float32Array(shared.buffer));
  t.throws(over, { code: 'ERR_ARGUMENT' });
  const wide = Uint32Array.of(1, 1, 3, 1, 2, 1, 2);
  const unweighted = (): void =>
    addon.resample(
      ...([isa, floats(3), floats(2), wide, Int32Array.of(0), undefined] as const),
      ...([new Int32Array(4), undefined, 1] as const),
    );
  t.throws(unweighted, { code: 'ERR_ARGUMENT' });
});

test('a copy reads and writes nothing outside its arrays', (t) => {
  const run = (places: Int32Array, x: ArrayBufferView = floats(6), y = floats(6)): void =>
    addon.copy(isa, x, y, places, 1);
  const places = (...numbers: number[]): Int32Array => Int32Array.from(numbers);
  run(places(0, 0, 6, 1, 1));
  run(places(5, 0, 6, -1, 1));
  run(places(0, 5, 3, 2, -1));
  run(places(5, 5));
  run(places(-7, 99, 0, 1, 1));
  const most = 2 ** 31 - 1;
  for (const numbers of [
    [0, 0, 7, 1, 1],
    [1, 0, 6, 1, 1],
    [0, 1, 6, 1, 1],
    [0, 0, 6, -1, 1],
    [-1, 0, 1, 1, 1],
    [0, 6],
    [0, 0, -1, 1, 1],
    [0, 0, 2, 6, 1],
    [0, 0, 2, 1, 6],
    [0, 0, most, 0, 1],
    [0, 0, most, most, most],
    [0, 0, ...new Array<number>(24).fill(most)],
    [0, 0, ...new Array<number>(27).fill(1)],
    [0, 0, 1],
    [0],
    [],
  ]) {
    t.throws(() => run(places(...numbers)), { code: 'ERR_ARGUMENT' }, numbers.join());
  }
  t.throws(() => run(places(0, 0, 1, 1, 1), new Float64Array(6)), { code: 'ERR_ARGUMENT' });
  const shared = new Float32Array(12);
  const over = (): void => run(places(0, 0, 1, 1, 1), shared.subarray(0, 7), shared.subarray(6));
  t.throws(over, { code: 'ERR_ARGUMENT' });
});

test('a pool reads nothing outside its input', (t) => {
  const sizes = Uint32Array.of(1, 1, 1, 3, 1, 1, 1, 1, 1, 2);
  for (const [start, taps] of [
    [0, 3],
    [2, 2],
    [3, 1],
    [-1, 1],
    [0, -1],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ] as const) {
    const windows = Int32Array.of(0, 1, 1, 0, 1, 1, start, taps, 1);
    const run = (): void => addon.pool(isa, true, floats(3), floats(1), sizes, windows, 1);
    t.throws(run, { code: 'ERR_ARGUMENT' }, `${start}, ${taps}`);
  }
});

test('a pool is not let write over its windows', (t) => {
  const sizes = Uint32Array.of(2, 1, 1, 3, 1, 1, 2, 1, 1, 1);
  const buffer = new ArrayBuffer(64);
  const windows = new Int32Array(buffer, 0, 12);
  windows.set([0, 1, 1, 0, 1, 1, 0, 1, 2, 2, 2, 2]);
  const run = (at: number): void =>
    addon.pool(isa, false, floats(6), new Float32Array(buffer, at, 4), sizes, windows, 1);
  t.throws(() => run(44), { code: 'ERR_ARGUMENT' });
  t.notThrows(() => run(48));
});

test('element-wise arithmetic stays inside its arrays', (t) => {
  const run = (shape: Uint32Array, x = 6, other = 3, y = 6): void =>
    addon.elementwise(isa, floats(x), floats(other), floats(y), shape, 0, PLAIN, undefined, 1);
  run(ROWS);
  run(rows({ other: [2, 0, 1] }));
  run(rows({ other: [2, 0, 2] }));
  run(rows({ head: [2, 0, 0, 1, 1, 0, 2, 3] }), 0, 0, 0);
  run(rows({ head: [8, 1, 0, 1, 1, 1, 2, 3], other: [0, 0, 1] }));
  const most = 2 ** 32 - 1;
  for (const [shape, ...lengths] of [
    [ROWS, 5],
    [ROWS, 6, 2],
    [ROWS, 6, 3, 5],
    [ROWS, 6, 0],
    [rows({ x: [1, 3, 0] })],
    [rows({ x: [0, 4, 0] })],
    [rows({ x: [6, 0, 2] })],
    [rows({ x: [0, 3, 3] })],
    [rows({ other: [3, 0, 1] })],
    [rows({ other: [3, 0, 2] })],
    [rows({ other: [0, 1, 0] })],
    [rows({ y: [0, 3, 1] })],
    [rows({ y: [most, 3, 0] })],
    [rows({ head: [9, 0, 0, 1, 1, 1, 2, 3] })],
    [rows({ head: [8, 2, 0, 1, 1, 1, 2, 3], other: [0, 0, 1] })],
    [rows({ head: [8, most, 0, 1, 1, 1, 2, 3], other: [0, 0, 1] })],
    [rows({ head: [2, 0, 0, most, most, most, most, most] })],
    [rows({ head: [2, 0, 0, 1, 1, 1, most, 1], x: [0, 0, 0], y: [0, 0, 0] })],
    [rows({ head: [2, 0, 0, 1, 1, 2, 2, 3], x: [0, most, 0] })],
  ] as const) {
    t.throws(() => run(shape, ...lengths), { code: 'ERR_ARGUMENT' }, `${shape} ${lengths}`);
  }
});

test('results lie in memory of their own, or where an operand lies', (t) => {
  const memory = floats(12);
  const run = (x: Float32Array, other: Float32Array, y: Float32Array, shape = ROWS): void =>
    addon.elementwise(isa, x, other, y, shape, 0, PLAIN, undefined, 1);
  const [a, b] = [memory.subarray(0, 6), memory.subarray(6)];
  run(a, b.subarray(0, 3), a);
  run(b, a, a, rows({ other: [0, 3, 0] }));
  for (const [x, other, y, shape] of [
    [memory.subarray(1, 7), floats(3), a, ROWS],
    [floats(6), a.subarray(0, 3), a, ROWS],
    [a, floats(3), a, rows({ x: [0, 0, 0] })],
    [a, floats(3), a, rows({ x: [5, 0, 1] })],
    [floats(6), a, a, rows({ head: [8, 1, 0, 1, 1, 1, 2, 3], other: [0, 0, 1] })],
  ] as const) {
    t.throws(() => run(x, other, y, shape), { code: 'ERR_ARGUMENT' });
  }
  t.throws(() => addon.elementwise(isa, a, undefined, b, ROWS, 0, PLAIN, undefined, 1), {
    code: 'ERR_ARGUMENT',
  });
});
