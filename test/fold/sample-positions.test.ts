import test from 'ava';

import { samplePositions, type LayerGeometry } from '#convfuse/fold/sample-positions.js';

function geometry(parts: Partial<LayerGeometry['window']>, transposed = false): LayerGeometry {
  const rank = parts.kernel?.length ?? 1;
  const ones = new Array<number>(rank).fill(1);
  const window = {
    kernel: [3],
    strides: ones,
    dilations: ones,
    padding: 'valid' as const,
    ...parts,
  };
  return { inputChannels: 1, outputChannels: 1, groups: 1, window, transposed };
}

test('with padding, taps fall off at both ends and not inside', (t) => {
  const [first, middle, last] = samplePositions(geometry({ padding: { begin: [1], end: [1] } }));
  t.deepEqual(first!.taps, [1, 2]);
  t.deepEqual(middle!.taps, [0, 1, 2]);
  t.deepEqual(last!.taps, [0, 1]);
});

test('same padding reaches over the border as well', (t) => {
  const positions = samplePositions(geometry({ padding: 'same-lower' }));
  t.deepEqual(
    positions.map(({ taps }) => taps.length),
    [2, 3, 2],
  );
});

test('two axes: the nine combinations, taps and places in row-major order', (t) => {
  const padding = { begin: [1, 1], end: [1, 1] };
  const positions = samplePositions(geometry({ kernel: [3, 3], padding }));
  t.is(positions.length, 9);
  t.deepEqual(positions[0]!.taps, [4, 5, 7, 8]);
  // An image of 6 x 6: extent 3, two strides and one more.
  t.deepEqual(positions[0]!.places, [0, 1, 6, 7]);
  t.deepEqual(positions[4]!.taps, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test('three axes: nine of the combinations, both corners among them', (t) => {
  const padding = { begin: [1, 1, 1], end: [1, 1, 1] };
  const positions = samplePositions(geometry({ kernel: [3, 3, 3], padding }));
  t.is(positions.length, 9);
  t.is(positions[0]!.taps.length, 8);
  t.is(positions[4]!.taps.length, 27);
  t.is(positions[8]!.taps.length, 8);
});

test('transposed: a position sees the taps that stride and dilation bring there', (t) => {
  const positions = samplePositions(geometry({ kernel: [3], strides: [2] }, true));
  // Output 0 is input 0 through tap 0; the input has ceil(3 / 2) + 2 = 4 places, the output 9.
  t.deepEqual(positions[0], { biasRow: 0, taps: [0], places: [0] });
  t.deepEqual(positions[1], { biasRow: 0, taps: [0, 2], places: [2, 1] });
  t.deepEqual(positions[2], { biasRow: 0, taps: [2], places: [3] });
});

test('a matrix product is sampled in several rows of its bias', (t) => {
  const positions = samplePositions({ ...geometry({ kernel: [] }), biasRows: 5 });
  t.deepEqual(
    positions.map(({ biasRow }) => biasRow),
    [0, 2, 4],
  );
});

test('odd geometry: cropping, wide padding, a kernel of one', (t) => {
  for (const pad of [-1, 0, 5]) {
    for (const transposed of [false, true]) {
      const padding = { begin: [pad], end: [pad] };
      const positions = samplePositions(geometry({ kernel: [1], padding }, transposed));
      t.is(positions.length, 3);
    }
  }
});
