import test from 'ava';
import fc from 'fast-check';

import { decodeText, encodeText } from '#convfuse/onnx/text.js';

test('any bytes survive as text, and different bytes are different texts', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 12 }), (a, b) => {
      const [textA, textB] = [decodeText(a, 0, a.length), decodeText(b, 0, b.length)];
      const back = encodeText(textA);
      return Buffer.compare(back, a) === 0 && (textA === textB) === (Buffer.compare(a, b) === 0);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('well-formed text is what it is, U+FFFD and a byte order mark included', (t) => {
  for (const text of ['', 'conv/BatchNorm_1', 'ünïcödé', '\ufffd', '\ufeffx', '😀', 'a\0b']) {
    const bytes = new TextEncoder().encode(text);
    t.is(decodeText(bytes, 0, bytes.length), text);
    t.deepEqual(new Uint8Array(encodeText(text)), bytes);
  }
});

test('bytes that are no UTF-8 become lone surrogates, one each', (t) => {
  const bytes = Uint8Array.of(0x61, 0xff, 0xc3, 0xa4, 0xc3, 0x62, 0xed, 0xa0, 0x80);
  t.is(decodeText(bytes, 0, bytes.length), 'a\udcffä\udcc3b\udced\udca0\udc80');
});

test('a part of the bytes is decoded from where it lies', (t) => {
  const bytes = new TextEncoder().encode('xxabcxx').subarray(1);
  t.is(decodeText(bytes, 1, 4), 'abc');
});
