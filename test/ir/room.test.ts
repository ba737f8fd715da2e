import test from 'ava';

import { Room } from '#convfuse/ir/room.js';

test('it is the same memory as long as that is large enough', (t) => {
  const room = new Room();
  const first = room.take(16);
  t.true(first.byteLength >= 16);
  t.is(room.take(3), first);
  const larger = room.take(17);
  t.true(larger.byteLength >= 17);
  t.is(room.take(16), larger);
});
