import test from 'ava';
import fc from 'fast-check';

import { recordHead, Records, Varints } from '#convfuse/onnx/wire.js';

import { codeOf } from '../helpers/read-bytes.js';

function encodeVarint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

test('a varint reads back as what was written, over all 64 bits', (t) => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
      const bytes = Uint8Array.from(encodeVarint(value));
      const varints = new Varints(bytes, 0, bytes.length);
      varints.read();
      return (
        varints.exactUint64 === value &&
        varints.exactInt64 === BigInt.asIntN(64, value) &&
        varints.int64 === Number(BigInt.asIntN(64, value)) &&
        varints.int32 === Number(BigInt.asIntN(32, value)) &&
        !varints.more
      );
    }),
  );
  t.pass();
});

test('a varint may be longer than it needs, but not than 64 bits', (t) => {
  const read = (...bytes: number[]): Varints => {
    const varints = new Varints(Uint8Array.from(bytes), 0, bytes.length);
    varints.read();
    return varints;
  };
  t.is(read(0x85, 0x80, 0x00).low, 5);
  const ff = new Array<number>(9).fill(0xff);
  t.is(read(...ff, 0x01).exactUint64, 2n ** 64n - 1n);
  t.is(read(...ff, 0x01).int32, -1);
  t.is(
    codeOf(() => read(...ff, 0x02)),
    'ERR_PARSE',
  );
  t.is(
    codeOf(() => read(...ff, 0x81, 0x00)),
    'ERR_PARSE',
  );
  t.is(
    codeOf(() => read(0x80)),
    'ERR_PARSE',
  );
});

const BAD_RECORDS: readonly [string, number[]][] = [
  ['field number 0', [0x00, 0x01]],
  ['group start', [0x0b, 0x0c]],
  ['group end', [0x0c]],
  ['wire type 6', [0x0e, 0x00]],
  ['wire type 7', [0x0f, 0x00]],
  ['fixed64 cut off', [0x09, 1, 2, 3]],
  ['fixed32 cut off', [0x0d, 1, 2, 3]],
  ['length past the end', [0x0a, 0x02, 0x00]],
  ['length 2^31 - 1', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x07]],
  ['length 2^64 - 1', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['field number of 30 bits', [0x80, 0x80, 0x80, 0x80, 0x10, 0x00]],
  ['tag cut off', [0x8a]],
];

for (const [name, bytes] of BAD_RECORDS) {
  test(`records: ${name} is refused with an offset`, (t) => {
    const error = t.throws(() => {
      const records = new Records(Uint8Array.from([0x08, 0x01, ...bytes]), {
        start: 0,
        end: bytes.length + 2,
      });
      while (records.next());
    });
    t.like(error, { code: 'ERR_PARSE' });
    t.regex(error!.message, /at byte [2-9]$/);
  });
}

test('records know where they and their payloads lie', (t) => {
  const bytes = Uint8Array.from([0x08, 0x96, 0x01, 0x12, 0x02, 0xaa, 0xbb, 0x1d, 1, 2, 3, 4]);
  const records = new Records(bytes, { start: 0, end: bytes.length });
  const seen: number[][] = [];
  while (records.next()) {
    seen.push([records.field, records.wire, records.start, records.body, records.end]);
  }
  t.deepEqual(seen, [
    [1, 0, 0, 1, 3],
    [2, 2, 3, 5, 7],
    [3, 5, 7, 8, 12],
  ]);
  t.deepEqual([...recordHead(2, 2)], [0x12, 0x02]);
  t.deepEqual([...recordHead(25, 300)], [0xca, 0x01, 0xac, 0x02]);
});
