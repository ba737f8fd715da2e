// Broadcasts and blocked tensors as rows.

import test from 'ava';

import { NO_HALO } from '#convfuse/backend/layout.js';
import { rowsOf, type Extent } from '#convfuse/ops/element-rows.js';

/** Extents and length, then offset, strides and advance of each operand and of the result. */
function rows(out: Extent, ...operands: Extent[]): string {
  const { extents, length, places } = rowsOf(out, operands);
  const texts = places.map(
    ({ offset, strides, advance }) => `${offset} [${strides.join(' ')}] ${advance}`,
  );
  return `[${extents.join(' ')}] ${length}: ${texts.join(', ')}`;
}

const dense = (...dims: number[]): Extent => ({ dims });

test('axes go together for as long as every operand goes on or stays', (t) => {
  const image = dense(2, 3, 4, 5);
  t.is(rows(image, image, image), '[] 120: 0 [] element, 0 [] element, 0 [] element');
  t.is(rows(image, image, dense()), '[] 120: 0 [] element, 0 [] none, 0 [] element');
  t.is(
    rows(image, image, dense(3, 1, 1)),
    '[2 3] 20: 0 [60 20] element, 0 [0 1] none, 0 [60 20] element',
  );
  t.is(rows(image, image, dense(2, 3, 1, 1)), '[6] 20: 0 [20] element, 0 [1] none, 0 [20] element');
  t.is(rows(image, dense(4, 5), image), '[6] 20: 0 [0] element, 0 [20] element, 0 [20] element');
  t.is(rows(image, dense(2, 1, 4, 1)), '[2 3 4] 5: 0 [4 0 1] none, 0 [60 20 5] element');
});

test('axes of one element are nowhere, and a single element is a row', (t) => {
  t.is(rows(dense(1, 3, 1, 5), dense(1, 1, 5)), '[3] 5: 0 [0] element, 0 [5] element');
  t.is(rows(dense(1, 1), dense(), dense(1)), '[] 1: 0 [] element, 0 [] element, 0 [] element');
});

test('blocks have rows of pixels between halos, and one pixel for all', (t) => {
  const dims = [2, 5, 3, 4];
  const none = { dims, layout: { lanes: 4, ...NO_HALO } };
  const wide = { dims, layout: { lanes: 4, top: 1, left: 2, bottom: 3, right: 4 } };
  // Without halos the planes, the blocks and the images follow each other.
  t.is(rows(none, none), '[] 192: 0 [] element, 0 [] element');
  // Rows of 10 pixels, planes of 7 rows, images of 2 blocks.
  t.is(rows(none, wide), '[4 3] 16: 48 [280 40] element, 0 [48 16] element');
  t.is(
    rows(none, none, dense(5, 1, 1)),
    '[2 2] 48: 0 [96 48] element, 0 [0 4] lanes, 0 [96 48] element',
  );
  t.is(rows(none, dense(2, 1, 1, 1)), '[2] 96: 0 [1] none, 0 [96] element');
});
