import test from 'ava';

import { exactParts } from '#convfuse/ops/exact-parts.js';

/** Rows by channels by taps, dense. */
function parts(rows: readonly (readonly (readonly number[])[])[]): unknown {
  const [channels, taps] = [rows[0]!.length, rows[0]![0]!.length];
  const strides = { rowStride: channels * taps, channelStride: taps };
  const values = Float64Array.from(rows.flat(2));
  return exactParts({ values, rows: rows.length, channels, taps, ...strides });
}

/** The largest whole number that 255 times stays below 2^24. */
const MOST = 65793;

test('channels are cut where one row would come to 2^24', (t) => {
  t.deepEqual(parts([[[1], [MOST - 1]]]), [{ from: 0, to: 2 }]);
  const cut = [
    { from: 0, to: 1 },
    { from: 1, to: 2 },
  ];
  t.deepEqual(parts([[[1], [MOST]]]), cut);
  t.deepEqual(parts([[[-1], [-MOST]]]), cut);
  const other = [
    [[1], [1]],
    [[1], [MOST]],
  ];
  t.deepEqual(parts(other), cut, 'the row that needs it');
  t.deepEqual(
    parts([
      [
        [MOST, 0],
        [1, 0],
        [2, 0],
      ],
    ]),
    [
      { from: 0, to: 1 },
      { from: 1, to: 3 },
    ],
    'each part begins at 0 again',
  );
});

test('bytes minus one zero point cannot add up what is above 0 and what is below', (t) => {
  t.deepEqual(parts([[[MOST], [-MOST]]]), [{ from: 0, to: 2 }]);
  t.deepEqual(parts([[[MOST, -MOST]]]), [{ from: 0, to: 1 }]);
});

test('one channel may be too much', (t) => {
  t.is(parts([[[1], [MOST + 1]]]), undefined);
});
