import test from 'ava';

import { scaleRows } from '#convfuse/backend/reference/scale-rows.js';
import { fromFloat16, toFloat16 } from '#convfuse/tensor/half.js';

test('each row of each group has its factor, whatever the layout', (t) => {
  // [groups 2, outer 2, rows 2, cols 3] of ones.
  const { weight, mass, loss } = scaleRows({
    type: 'float32',
    weight: new Float32Array(24).fill(1),
    scale: Float64Array.of(1, 2, 3, -4),
    groups: 2,
    outer: 2,
    rows: 2,
    cols: 3,
  });
  const group = (a: number, b: number): number[] => [a, a, a, b, b, b, a, a, a, b, b, b];
  t.deepEqual([...weight], [...group(1, 2), ...group(3, -4)]);
  t.deepEqual([...mass], [6, 12, 18, 24]);
  t.deepEqual([...loss], [0, 0, 0, 0]);
});

test('the product is rounded once, to the stored type', (t) => {
  const one = { groups: 1, outer: 1, rows: 1, cols: 1 };
  const scale = Float64Array.of(1 + 2 ** -24 + 2 ** -40); // just above a tie of float32
  const wide = scaleRows({ type: 'float32', weight: Float32Array.of(1), scale, ...one });
  t.is(wide.weight[0], 1 + 2 ** -23);
  t.is(wide.loss[0], 2 ** -24 - 2 ** -40);
  // Above a tie of float16 by less than float32 can hold: two roundings would go down to 1.
  const half = Float64Array.of(1 + 2 ** -11 + 2 ** -40);
  const bits = Uint16Array.of(toFloat16(1));
  const narrow = scaleRows({ type: 'float16', weight: bits, scale: half, ...one });
  t.is(fromFloat16(narrow.weight[0]!), 1 + 2 ** -10);
  t.is(bits[0], toFloat16(1), 'the input is left alone');
});

test('-0 is kept; overflow and operands that are not finite show in loss', (t) => {
  const one = { groups: 1, outer: 1, rows: 1, cols: 1, type: 'float32' as const };
  const run = (w: number, s: number) =>
    scaleRows({ ...one, weight: Float32Array.of(w), scale: Float64Array.of(s) });
  t.is(run(-0, 1).weight[0], -0);
  t.is(run(1, -0).weight[0], -0);
  t.is(run(3e38, 2).loss[0], Infinity);
  t.is(run(Infinity, 2).loss[0], NaN);
  t.is(run(1, NaN).loss[0], NaN);
});

test('sums have the documented order: eight partial sums, added in halves', (t) => {
  const products = Float64Array.from({ length: 19 }, (_, i) => 1 / (i + 1) ** 2);
  const { mass } = scaleRows({
    type: 'float64',
    weight: products,
    scale: Float64Array.of(1),
    groups: 1,
    outer: 1,
    rows: 1,
    cols: 19,
  });
  const p = new Float64Array(8);
  products.forEach((value, i) => (p[i % 8]! += value));
  const [a, b, c, d] = [p[0]! + p[4]!, p[1]! + p[5]!, p[2]! + p[6]!, p[3]! + p[7]!];
  t.is(mass[0], a + c + (b + d));
});

test('empty shapes', (t) => {
  for (const [groups, outer, rows, cols] of [
    [0, 1, 1, 1],
    [1, 0, 2, 3],
    [1, 1, 0, 3],
    [1, 1, 2, 0],
  ] as const) {
    const factors = groups * rows;
    const result = scaleRows({
      type: 'float32',
      weight: new Float32Array(0),
      scale: new Float64Array(factors),
      groups,
      outer,
      rows,
      cols,
    });
    t.is(result.weight.length, 0);
    t.deepEqual([...result.mass], new Array(factors).fill(0));
  }
});
