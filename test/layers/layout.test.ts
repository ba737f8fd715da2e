import test from 'ava';

import {
  channelsFirstDims,
  channelsLastDims,
  toChannelsFirst,
  toChannelsLast,
} from '#convfuse/layers/layout.js';

test('dimensions', (t) => {
  t.deepEqual(channelsFirstDims([2, 5, 6, 3]), [2, 3, 5, 6]);
  t.deepEqual(channelsLastDims([2, 3, 5, 6]), [2, 5, 6, 3]);
  t.deepEqual(channelsFirstDims([2, 7, 3]), [2, 3, 7]);
});

test('elements move with their channel, and back', (t) => {
  const dims = [2, 3, 5, 41]; // more than a tile
  const first = Float32Array.from({ length: 2 * 3 * 5 * 41 }, (_, i) => i);
  const last = new Float32Array(first.length);
  toChannelsLast(first, last, dims);
  t.is(last[0], 0);
  t.is(last[1], 5 * 41); // the second channel of the first pixel
  t.is(last[3], 1);
  t.is(last[3 * 5 * 41 + 2], (3 + 2) * 5 * 41); // the third of the second image
  t.deepEqual(toChannelsFirst(last, dims), first);
});
