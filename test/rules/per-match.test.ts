import test from 'ava';

import { perMatch } from '#convfuse/rules/per-match.js';

test('computed once for a match, and anew for another', (t) => {
  let calls = 0;
  const sizeOf = perMatch(({ size }: { size: number | undefined }, factor: number) => {
    calls += 1;
    return size && size * factor;
  });
  const [one, other, none] = [{ size: 2 }, { size: 2 }, { size: undefined }];
  t.deepEqual([sizeOf(one, 3), sizeOf(one, 3), calls], [6, 6, 1]);
  t.deepEqual([sizeOf(other, 5), calls], [10, 2]);
  t.deepEqual([sizeOf(none, 1), sizeOf(none, 1), calls], [undefined, undefined, 3]);
});
