import test from 'ava';

import { Chunks } from '#convfuse/onnx/chunks.js';
import { parseRegion, type ExternalRegion } from '#convfuse/onnx/external-region.js';
import { Records, type Range } from '#convfuse/onnx/wire.js';

import { codeOf } from '../helpers/read-bytes.js';

function parse(...pairs: [string, string][]): ExternalRegion {
  const chunks = new Chunks();
  for (const [key, value] of pairs) chunks.entry(13, key, value);
  const bytes = chunks.join();
  const entries: Range[] = [];
  const records = new Records(bytes, { start: 0, end: bytes.length });
  while (records.next()) entries.push(records.payload);
  return parseRegion(bytes, entries, 'W');
}

test('location, offset, length and checksum', (t) => {
  t.deepEqual(parse(['location', 'w']), {
    location: 'w',
    offset: 0,
    length: undefined,
    checksum: undefined,
    unknownKeys: [],
  });
  const checksum = 'ABCDEF0123456789abcdef0123456789abcdef01';
  t.deepEqual(
    parse(
      ['offset', '007'],
      ['length', '9007199254740991'],
      ['location', 'w'],
      ['checksum', checksum],
    ),
    {
      location: 'w',
      offset: 7,
      length: 2 ** 53 - 1,
      checksum: checksum.toLowerCase(),
      unknownKeys: [],
    },
  );
});

const BAD_NUMBERS = ['-8', '1e9', '0x10', ' 7', '7 ', '+7', '', '1.0', '9223372036854775808', '٧'];

for (const text of [...BAD_NUMBERS, '9007199254740993']) {
  test(`offset and length are digits: not ${JSON.stringify(text)}`, (t) => {
    t.is(
      codeOf(() => parse(['location', 'w'], ['offset', text])),
      'ERR_EXTERNAL_DATA',
    );
    t.is(
      codeOf(() => parse(['location', 'w'], ['length', text])),
      'ERR_EXTERNAL_DATA',
    );
  });
}

test('a key may occur once, and location must', (t) => {
  for (const key of ['location', 'offset', 'length', 'basepath']) {
    t.is(
      codeOf(() => parse(['location', '1'], [key, '1'], [key, '1'])),
      'ERR_EXTERNAL_DATA',
    );
  }
  t.is(
    codeOf(() => parse(['offset', '1'])),
    'ERR_EXTERNAL_DATA',
  );
});

test('unknown keys are named, whatever they are called', (t) => {
  const before = Object.getOwnPropertyNames(Object.prototype).length;
  const region = parse(['location', 'w'], ['__proto__', 'x'], ['constructor', 'y']);
  t.deepEqual(region.unknownKeys, ['__proto__', 'constructor']);
  t.is(Object.getOwnPropertyNames(Object.prototype).length, before);
});

test('a checksum is a SHA-1', (t) => {
  t.is(
    codeOf(() => parse(['location', 'w'], ['checksum', 'abc'])),
    'ERR_EXTERNAL_DATA',
  );
});
