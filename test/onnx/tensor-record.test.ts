import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import test from 'ava';

import { TensorProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { parseTensor } from '#convfuse/onnx/tensor-record.js';

import { codeOf } from '../helpers/read-bytes.js';

type Init = MessageInitShape<typeof TensorProtoSchema>;

function parse(init: Init) {
  const bytes = toBinary(TensorProtoSchema, create(TensorProtoSchema, init));
  return parseTensor(bytes, { start: 0, end: bytes.length }, 'it');
}

const raw = (length: number): { rawData: Uint8Array<ArrayBuffer> } => ({
  rawData: new Uint8Array(length),
});
const FLOAT = 1;
const HUGE = 2n ** 63n - 1n;

const REFUSED: readonly [string, Init][] = [
  ['no type', { dims: [1n], ...raw(4) }],
  ['a negative type', { dataType: -100, dims: [1n], ...raw(4) }],
  ['a negative dimension', { dataType: FLOAT, dims: [-1n], ...raw(4) }],
  ['the dimension 2^63 - 1', { dataType: FLOAT, dims: [HUGE], ...raw(4) }],
  ['the dimension 2^53 + 1', { dataType: FLOAT, dims: [2n ** 53n + 1n], ...raw(4) }],
  ['a product past 2^53', { dataType: FLOAT, dims: [2n ** 30n, 2n ** 30n], ...raw(4) }],
  ['a product past 2^64', { dataType: FLOAT, dims: [2n ** 32n, 2n ** 32n], ...raw(0) }],
  ['a huge dimension beside a zero', { dataType: FLOAT, dims: [0n, HUGE], ...raw(0) }],
  ['too little raw data', { dataType: FLOAT, dims: [2n], ...raw(7) }],
  ['too much raw data', { dataType: FLOAT, dims: [2n], ...raw(9) }],
  ['no data', { dataType: FLOAT, dims: [2n] }],
  ['data for no elements', { dataType: FLOAT, dims: [0n], ...raw(4) }],
  ['a scalar without data', { dataType: FLOAT }],
  ['data in two fields', { dataType: FLOAT, dims: [1n], ...raw(4), floatData: [1] }],
  ['data in two typed fields', { dataType: FLOAT, dims: [1n], floatData: [1], int32Data: [1] }],
  ['the wrong typed field', { dataType: FLOAT, dims: [1n], doubleData: [1] }],
  ['int64 in int32_data', { dataType: 7, dims: [1n], int32Data: [1] }],
  ['too few typed entries', { dataType: FLOAT, dims: [3n], floatData: [1, 2] }],
  ['too many typed entries', { dataType: 7, dims: [1n], int64Data: [300n, 2n] }],
  ['strings in raw_data', { dataType: 8, dims: [1n], ...raw(1) }],
  ['segments', { dataType: FLOAT, dims: [1n], ...raw(4), segment: { begin: 0n, end: 1n } }],
  ['half an int4', { dataType: 22, dims: [3n], ...raw(1) }],
];

for (const [name, init] of REFUSED) {
  test(`refused: ${name}`, (t) => {
    t.is(
      codeOf(() => parse({ name: 'weights', ...init })),
      'ERR_TENSOR',
    );
    t.throws(() => parse({ name: 'weights', ...init }), { message: /^tensor weights / });
  });
}

/** Type code, elements in 24 bits of raw data, and the entries that its typed field needs. */
const TYPES: readonly [string, number, number, Init][] = [
  ['float32', 1, 32, { floatData: [1, 2, 3, 4] }],
  ['uint8', 2, 8, { int32Data: [1, 2, 3, 4] }],
  ['int8', 3, 8, { int32Data: [1, -2, 3, 4] }],
  ['uint16', 4, 16, { int32Data: [1, 2, 3, 4] }],
  ['int16', 5, 16, { int32Data: [1, 2, 3, 4] }],
  ['int32', 6, 32, { int32Data: [1, 2, 3, 4] }],
  ['int64', 7, 64, { int64Data: [1n, 2n, 3n, 4n] }],
  ['bool', 9, 8, { int32Data: [1, 0, 1, 0] }],
  ['float16', 10, 16, { int32Data: [1, 2, 3, 4] }],
  ['float64', 11, 64, { doubleData: [1, 2, 3, 4] }],
  ['uint32', 12, 32, { uint64Data: [1n, 2n, 3n, 4n] }],
  ['uint64', 13, 64, { uint64Data: [1n, 2n, 3n, 4n] }],
  ['complex64', 14, 64, { floatData: [1, 2, 3, 4, 5, 6, 7, 8] }],
  ['complex128', 15, 128, { doubleData: [1, 2, 3, 4, 5, 6, 7, 8] }],
  ['bfloat16', 16, 16, { int32Data: [1, 2, 3, 4] }],
  ['float8', 17, 8, { int32Data: [1, 2, 3, 4] }],
  ['uint4', 21, 4, { int32Data: [1, 2] }],
  ['int4', 22, 4, { int32Data: [1, 2] }],
  ['float4', 23, 4, { int32Data: [1, 2] }],
  ['uint2', 25, 2, { int32Data: [1] }],
  ['int2', 26, 2, { int32Data: [1] }],
];

for (const [name, dataType, bits, typed] of TYPES) {
  test(`four elements of ${name}, raw and typed`, (t) => {
    const bytes = (4 * bits) / 8;
    t.is(parse({ dataType, dims: [2n, 2n], ...raw(bytes) }).byteLength, bytes);
    t.is(parse({ dataType, dims: [4n], ...typed }).count, 4);
    t.is(
      codeOf(() => parse({ dataType, dims: [4n], ...raw(bytes + 1) })),
      'ERR_TENSOR',
    );
  });
}

test('types narrower than a byte are rounded up to whole bytes and entries', (t) => {
  t.is(parse({ dataType: 22, dims: [3n], ...raw(2) }).byteLength, 2);
  t.is(parse({ dataType: 22, dims: [3n], int32Data: [0x21, 3] }).count, 3);
  t.is(parse({ dataType: 26, dims: [5n], ...raw(2) }).byteLength, 2);
});

test('a type unknown here is carried without questions', (t) => {
  const record = parse({ dataType: 999, dims: [3n], ...raw(17) });
  t.is(record.storage, undefined);
  t.is(record.byteLength, 17);
});

test('no elements need no data', (t) => {
  t.is(parse({ dataType: FLOAT, dims: [0n, 5n] }).count, 0);
  t.is(parse({ dataType: FLOAT, dims: [0n], ...raw(0) }).count, 0);
});

test('64 dimensions are the limit', (t) => {
  const dims = new Array<bigint>(64).fill(1n);
  t.is(parse({ dataType: FLOAT, dims, ...raw(4) }).count, 1);
  t.is(
    codeOf(() => parse({ dataType: FLOAT, dims: [...dims, 1n], ...raw(4) })),
    'ERR_LIMIT',
  );
});

test('dimensions may be packed', (t) => {
  const bytes = Uint8Array.of(0x0a, 0x03, 0x02, 0xac, 0x02, 0x10, 0x02, 0x4a, 0x00);
  t.throws(() => parseTensor(bytes, { start: 0, end: bytes.length }, 'it'), {
    message: 'tensor it needs 600 entries of data, and has 0',
  });
});
