import test from 'ava';

import { distinct } from '#convfuse/runtime/distinct.js';

test('each item once, in order, in short lists and long ones', (t) => {
  const items = Array.from({ length: 12 }, (_, at) => ({ at }));
  for (let length = 0; length <= items.length; length++) {
    const some = items.slice(0, length);
    const given = some.flatMap((item) => [item, undefined, some[0]]);
    t.deepEqual(distinct(given), some);
  }
});
