import test from 'ava';

import {
  bytesText,
  countText,
  errorText,
  millisecondsText,
  plural,
  safe,
} from '#convfuse/cli/text.js';

test('names cannot drive a terminal or forge lines', (t) => {
  t.is(safe('a\u001b[31mb'), 'a\\u001b[31mb');
  t.is(safe('line\nend\r'), 'line\\u000aend\\u000d');
  t.is(safe('\u202egnp.exe\u2066'), '\\u202egnp.exe\\u2066');
  t.is(safe('\u009b2J\u007f\u0000'), '\\u009b2J\\u007f\\u0000');
  t.is(safe('\u2028\ufeff'), '\\u2028\\ufeff');
});

test('other writing stays as it is', (t) => {
  const text = 'conv/W:0 \u00fcber \u6a21\u578b \ud83d\ude00 a-b_c.d';
  t.is(safe(text), text);
});

test('numbers in a few digits', (t) => {
  t.deepEqual(
    [0, 1023, 1024, 1536 * 1024, undefined].map((bytes) => bytesText(bytes)),
    ['0 B', '1023 B', '1.00 KiB', '1.50 MiB', '?'],
  );
  t.deepEqual(
    [0, 999, 1000, 4_090_000_000, undefined].map((count) => countText(count)),
    ['0', '999', '1.00 k', '4.09 G', '?'],
  );
  t.deepEqual(
    [0, 1.234e-7, NaN, undefined].map((error) => errorText(error)),
    ['0', '1.2e-7', 'NaN', '-'],
  );
  t.deepEqual([3.4, 999, 12_345].map(millisecondsText), ['3 ms', '999 ms', '12.3 s']);
  t.deepEqual([plural(1, 'model'), plural(2, 'model')], ['1 model', '2 models']);
});
