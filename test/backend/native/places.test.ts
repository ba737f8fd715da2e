// What arguments of the addon say of places in memory: nothing outside an array is read or written.

import test from 'ava';

import { addon } from '../../helpers/native-backends.js';

const isa = addon.info().isas[0]!;
const floats = (length: number): Float32Array => new Float32Array(length).fill(1);

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
