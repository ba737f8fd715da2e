import test from 'ava';

import { blockedCount, NO_HALO } from '#convfuse/backend/layout.js';

test('whole blocks of channels, each between its halo', (t) => {
  t.is(blockedCount([2, 16, 3, 5], { lanes: 8, ...NO_HALO }), 2 * 16 * 3 * 5);
  t.is(blockedCount([1, 9, 3, 5], { lanes: 8, ...NO_HALO }), 16 * 3 * 5);
  const halo = { top: 1, left: 2, bottom: 3, right: 4 };
  t.is(blockedCount([1, 4, 3, 5], { lanes: 4, ...halo }), 4 * 7 * 11);
});
