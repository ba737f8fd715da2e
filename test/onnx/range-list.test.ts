import test from 'ava';

import { RangeList } from '#convfuse/onnx/range-list.js';

test('ranges come back in order, however many there are', (t) => {
  const list = new RangeList();
  t.deepEqual([...list], []);
  const expected = Array.from({ length: 100 }, (_, at) => ({
    start: at * 3,
    end: 2 ** 31 - 1 - at,
  }));
  for (const { start, end } of expected) list.push(start, end);
  t.is(list.length, 100);
  t.deepEqual([...list], expected);
});
