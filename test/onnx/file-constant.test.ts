import { create, toBinary } from '@bufbuild/protobuf';
import test from 'ava';
import fc from 'fast-check';

import type { TensorData } from '#convfuse/tensor/dtype.js';
import type { Constant } from '#convfuse/ir/constant.js';
import { Room } from '#convfuse/ir/room.js';
import { ModelProtoSchema, TensorProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { recordHead } from '#convfuse/onnx/wire.js';

import { model, tensor } from '../helpers/model-builder.js';
import { codeOf, readBytes } from '../helpers/read-bytes.js';

/** The constant of a file with this tensor as its initializer W, `shift` bytes further back. */
function constantIn(bytes: Uint8Array, shift = 0): Constant {
  const message = { ...model({ outputs: ['W'] }), producerName: 'x'.repeat(1 + shift) };
  const file = Buffer.concat([
    toBinary(ModelProtoSchema, create(ModelProtoSchema, { ...message, graph: undefined })),
    graphWith(bytes),
  ]);
  return readBytes(file).graph.values.get('W')!.initializer!;
}

function graphWith(tensorBytes: Uint8Array): Uint8Array {
  const record = (field: number, content: Uint8Array): Uint8Array =>
    Buffer.concat([recordHead(field, content.length), content]);
  return record(
    7,
    Buffer.concat([record(5, tensorBytes), record(12, record(1, Buffer.from('W')))]),
  );
}

const proto = (init: object): Uint8Array =>
  toBinary(TensorProtoSchema, create(TensorProtoSchema, { name: 'W', ...init }));

const RAW: readonly [string, number, ArrayBufferView][] = [
  ['float32', 1, Float32Array.of(1.5, -0, NaN)],
  ['uint8', 2, Uint8Array.of(0, 1, 255)],
  ['int8', 3, Int8Array.of(0, -1, 127)],
  ['uint16', 4, Uint16Array.of(0, 1, 65535)],
  ['int16', 5, Int16Array.of(0, -1, 32767)],
  ['int32', 6, Int32Array.of(0, -1, 2 ** 31 - 1)],
  ['int64', 7, BigInt64Array.of(0n, -1n, 2n ** 63n - 1n)],
  ['bool', 9, Uint8Array.of(0, 1, 1)],
  ['float16', 10, Uint16Array.of(0x3c00, 0x8000, 0x7e00)],
  ['float64', 11, Float64Array.of(1e300, -0, Infinity)],
  ['uint32', 12, Uint32Array.of(0, 1, 2 ** 32 - 1)],
  ['uint64', 13, BigUint64Array.of(0n, 1n, 2n ** 64n - 1n)],
  ['bfloat16', 16, Uint16Array.of(0x3f80, 0x8000, 0x7fc0)],
];

test('elements that have to be copied go to a room, and are read anew without one', (t) => {
  const values = Float32Array.of(1, 2, 3);
  const rawData = new Uint8Array(values.buffer);
  const room = new Room();
  let copied = 0;
  for (let shift = 0; shift < 4; shift++) {
    const constant = constantIn(proto({ dataType: 1, dims: [3n], rawData }), shift);
    const inRoom = constant.read(room).data as Float32Array;
    t.deepEqual(inRoom, values);
    const shared = inRoom.buffer === room.take(0);
    if (shared) {
      copied += 1;
      inRoom.fill(0);
    }
    t.deepEqual(constant.read().data, values);
  }
  t.is(copied, 3);
});

for (const [type, dataType, data] of RAW) {
  test(`${type} out of raw_data, at every alignment`, (t) => {
    for (let shift = 0; shift < 8; shift++) {
      const constant = constantIn(
        proto({
          dataType,
          dims: [3n],
          rawData: new Uint8Array(data.buffer as ArrayBuffer),
        }),
        shift,
      );
      t.is(constant.type, type as Constant['type']);
      t.deepEqual(constant.read().data, data as TensorData);
    }
  });
}

test('raw_data that lies well is a view of the file, not a copy', (t) => {
  for (let shift = 0, views = 0; shift < 4; shift++) {
    const bytes = model({
      outputs: ['W'],
      initializers: [tensor('W'.padEnd(1), [2], Float32Array.of(1, 2))],
    });
    bytes.producerName = 'x'.repeat(shift);
    const file = new Uint8Array(toBinary(ModelProtoSchema, bytes));
    const { data } = readBytes(file).graph.values.get('W')!.initializer!.read();
    if ((data as Float32Array).buffer === file.buffer) views += 1;
    if (shift === 3) t.true(views >= 1);
  }
});

const TYPED: readonly [string, number, object, TensorData][] = [
  ['float32', 1, { floatData: [1.5, -0, NaN] }, Float32Array.of(1.5, -0, NaN)],
  ['uint8', 2, { int32Data: [0, 1, 255] }, Uint8Array.of(0, 1, 255)],
  ['int8', 3, { int32Data: [0, -1, 127] }, Int8Array.of(0, -1, 127)],
  ['uint16', 4, { int32Data: [0, 1, 65535] }, Uint16Array.of(0, 1, 65535)],
  ['int16', 5, { int32Data: [0, -1, 32767] }, Int16Array.of(0, -1, 32767)],
  ['int32', 6, { int32Data: [0, -1, 2 ** 31 - 1] }, Int32Array.of(0, -1, 2 ** 31 - 1)],
  ['int64', 7, { int64Data: [0n, -1n, 2n ** 62n] }, BigInt64Array.of(0n, -1n, 2n ** 62n)],
  ['bool', 9, { int32Data: [0, 1, 1] }, Uint8Array.of(0, 1, 1)],
  ['float16', 10, { int32Data: [0x3c00, 0, 1] }, Uint16Array.of(0x3c00, 0, 1)],
  ['float64', 11, { doubleData: [1e300, -0, 3] }, Float64Array.of(1e300, -0, 3)],
  ['uint32', 12, { uint64Data: [0n, 1n, 2n ** 32n - 1n] }, Uint32Array.of(0, 1, 2 ** 32 - 1)],
  [
    'uint64',
    13,
    { uint64Data: [0n, 1n, 2n ** 64n - 1n] },
    BigUint64Array.of(0n, 1n, 2n ** 64n - 1n),
  ],
  ['bfloat16', 16, { int32Data: [0x3f80, 0, 1] }, Uint16Array.of(0x3f80, 0, 1)],
  [
    'string',
    8,
    { stringData: [Buffer.from('a'), Buffer.from(''), Buffer.from('ü')] },
    ['a', '', 'ü'],
  ],
];

for (const [type, dataType, fields, expected] of TYPED) {
  test(`${type} out of a typed field`, (t) => {
    const constant = constantIn(proto({ dataType, dims: [3n], ...fields }));
    t.is(constant.type, type as Constant['type']);
    t.deepEqual(constant.read(), { type: constant.type!, dims: [3], data: expected });
  });
}

test('packed, unpacked and mixed entries are the same numbers', (t) => {
  const values = fc.array(fc.integer({ min: 0, max: 127 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(values, fc.array(fc.nat(3)), (numbers, cuts) => {
      const parts: Uint8Array[] = [];
      for (let at = 0, cut = 0; at < numbers.length; cut++) {
        const length = cuts[cut % Math.max(cuts.length, 1)] ?? 1;
        const slice = numbers.slice(at, at + Math.max(length, 1));
        // Length 0 stands for one unpacked entry; others are packed.
        if (length === 0) parts.push(Uint8Array.of(0x38, slice[0]!));
        else parts.push(recordHead(7, slice.length), Uint8Array.from(slice));
        at += slice.length;
      }
      const head = proto({ dataType: 7, dims: [BigInt(numbers.length)] });
      const { data } = constantIn(Buffer.concat([head, ...parts])).read();
      t.deepEqual(data, BigInt64Array.from(numbers, BigInt));
    }),
    { numRuns: 100 },
  );
});

test('an empty raw_data beside a typed field does not count', (t) => {
  const bytes = proto({ dataType: 1, dims: [2n], floatData: [1, 2], rawData: new Uint8Array(0) });
  t.deepEqual(constantIn(bytes).read().data, Float32Array.of(1, 2));
});

test('an exotic type has no type and cannot be read', (t) => {
  const constant = constantIn(proto({ dataType: 17, dims: [2n], rawData: new Uint8Array(2) }));
  t.is(constant.type, undefined);
  t.is(
    codeOf(() => constant.read()),
    'ERR_UNSUPPORTED',
  );
});
