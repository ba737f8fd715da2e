import test from 'ava';

import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '#convfuse/tensor/half.js';
import { roundToBfloat16, roundToFloat16 } from '#convfuse/tensor/round-half.js';

/** Around ties of both formats, for each sign, exponent and upper fraction. */
const LOWER = [0, 1, 0xfff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001, 0x7fff, 0x8000, 0x8001, 0xffff];

function numbers(): Float32Array {
  const bits = Uint32Array.from({ length: 0x10000 * LOWER.length }, (_, i) => {
    const upper = Math.floor(i / LOWER.length);
    return upper * 0x10000 + LOWER[i % LOWER.length]!;
  });
  return new Float32Array(bits.buffer);
}

for (const [name, round, single] of [
  ['float16', roundToFloat16, (x: number) => fromFloat16(toFloat16(x))],
  ['bfloat16', roundToBfloat16, (x: number) => fromBfloat16(toBfloat16(x))],
] as const) {
  test(`${name}: an array is rounded as its numbers are`, (t) => {
    const x = numbers();
    const y = new Float32Array(x.length);
    round(x, y);
    t.is(
      x.findIndex((value, i) => !Object.is(y[i], single(value))),
      -1,
    );
    round(x, x);
    t.true(x.every((value, i) => Object.is(value, y[i])));
  });
}

test('a part of a buffer is rounded, and no more', (t) => {
  const x = Float32Array.of(1 + 2 ** -12, 1 + 2 ** -12, 1 + 2 ** -12);
  const y = Float32Array.of(7, 7, 7);
  roundToFloat16(x.subarray(1, 2), y.subarray(1, 2));
  t.deepEqual([...y], [7, 1, 7]);
});
