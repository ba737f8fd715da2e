import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

test('quantisation rounds ties to even and saturates', (t) => {
  const feeds = {
    x: tensorOf([5], [0.25, 0.75, 1.25, 1000, -1000]),
    s: tensorOf([], [0.5]),
    z: tensorOf([], [1], 'int8'),
  };
  t.deepEqual(runText('y = QuantizeLinear(x, s, z)', feeds), {
    type: 'int8',
    dims: [5],
    values: [1, 3, 3, 127, -128],
  });
  t.is(runText('y = QuantizeLinear(x, s)', { x: feeds.x, s: feeds.s }).type, 'uint8');
});

test('a mean of two quantised numbers is a tie, as it is in float32', (t) => {
  const scale = Math.fround(0.1);
  const means = [7, 9].map((k) => Math.fround(k * scale) / 2);
  // Rounded in double they would be 3 and 5.
  t.true(means[0]! / scale < 3.5 && means[1]! / scale > 4.5);
  const feeds = { x: tensorOf([2], means), s: tensorOf([], [scale]) };
  t.deepEqual(runText('y = QuantizeLinear(x, s)', feeds).values, [4, 4]);
});

test('scales of an axis, there and back', (t) => {
  const feeds = {
    x: tensorOf([2, 2], [1, 2, 3, 4], 'uint8'),
    s: tensorOf([2], [1, 10]),
    z: tensorOf([2], [1, 3], 'uint8'),
  };
  const y = (axis: number): readonly number[] =>
    runText(`y = DequantizeLinear<axis = ${axis}>(x, s, z)`, feeds).values;
  t.deepEqual(y(1), [0, -10, 2, 10]);
  t.deepEqual(y(0), [0, 1, 0, 10]);
  const both = 'f = DequantizeLinear<axis = 0>(x, s, z)\ny = QuantizeLinear<axis = 0>(f, s, z)';
  t.deepEqual(runText(both, feeds).values, [1, 2, 3, 4]);
  const wrong = { ...feeds, s: tensorOf([3], [1, 1, 1]) };
  t.throws(() => runText('y = DequantizeLinear<axis = 0>(x, s, z)', wrong), { code: 'ERR_MODEL' });
});
