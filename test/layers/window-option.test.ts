import test from 'ava';

import { readWindow } from '#convfuse/layers/window-option.js';

test('one number stands for all axes; padding may name each side', (t) => {
  t.deepEqual(readWindow([3, 5], 2, 1, undefined), {
    kernel: [3, 5],
    strides: [2, 2],
    dilations: [1, 1],
    padding: { begin: [1, 1], end: [1, 1] },
  });
  t.like(readWindow([3, 5], [1, 2], [1, 2], [2, 3]), {
    strides: [1, 2],
    dilations: [2, 3],
    padding: { begin: [1, 2], end: [1, 2] },
  });
  t.deepEqual(readWindow([3, 5], undefined, [1, 2, 3, 4], undefined).padding, {
    begin: [1, 2],
    end: [3, 4],
  });
  t.is(readWindow([3], undefined, 'same-lower', undefined).padding, 'same-lower');
  t.deepEqual(readWindow([3], undefined, [1, 2], undefined).padding, { begin: [1], end: [2] });
});

test('refusals', (t) => {
  const argument = { code: 'ERR_ARGUMENT' };
  t.throws(() => readWindow([3, 3], 0, undefined, undefined), argument);
  t.throws(() => readWindow([3, 3], [1], undefined, undefined), argument);
  t.throws(() => readWindow([3, 3], undefined, -1, undefined), argument);
  t.throws(() => readWindow([3, 3], undefined, [1, 2, 3], undefined), argument);
  t.throws(() => readWindow([3, 3], undefined, 'valid' as never, undefined), argument);
  t.throws(() => readWindow([3, 3], undefined, undefined, 2 ** 25), argument);
});
