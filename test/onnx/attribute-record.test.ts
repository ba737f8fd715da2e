import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import test from 'ava';

import type { Attribute } from '#convfuse/ir/attributes.js';
import { parseAttribute } from '#convfuse/onnx/attribute-record.js';
import {
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
} from '#convfuse/onnx/gen/onnx_pb.js';

import { tensor } from '../helpers/model-builder.js';
import { codeOf } from '../helpers/read-bytes.js';

function parseBytes(bytes: Uint8Array): Attribute {
  const source = { bytes, external: undefined, path: undefined };
  return parseAttribute(source, { start: 0, end: bytes.length }, 'node', () => {
    throw new Error('no graph here');
  });
}

function parse(init: MessageInitShape<typeof AttributeProtoSchema>): Attribute {
  const message = create(AttributeProtoSchema, { name: 'a', ...init });
  return parseBytes(toBinary(AttributeProtoSchema, message));
}

test('numbers, strings and lists', (t) => {
  t.deepEqual(parse({ type: Type.FLOAT, f: 0.5 }), { name: 'a', kind: 'float', value: 0.5 });
  t.deepEqual(parse({ type: Type.INT, i: -3n }), { name: 'a', kind: 'int', value: -3 });
  const s = new Uint8Array(Buffer.from('SAME'));
  t.deepEqual(parse({ type: Type.STRING, s }), { name: 'a', kind: 'string', value: 'SAME' });
  t.deepEqual(parse({ type: Type.FLOATS, floats: [1, 2] }).value, [1, 2]);
  t.deepEqual(parse({ type: Type.INTS, ints: [1n, -2n, 2n ** 40n] }).value, [1, -2, 2 ** 40]);
  t.deepEqual(parse({ type: Type.STRINGS, strings: [s, s] }).value, ['SAME', 'SAME']);
});

test('lists may be packed', (t) => {
  const ints = Uint8Array.of(0x0a, 1, 97, 0x42, 3, 1, 0xac, 2, 0xa0, 1, 7);
  t.deepEqual(parseBytes(ints), { name: 'a', kind: 'ints', value: [1, 300] });
  const floats = Uint8Array.of(0x0a, 1, 97, 0x3a, 4, 0, 0, 0x80, 0x3f, 0xa0, 1, 6);
  t.deepEqual(parseBytes(floats), { name: 'a', kind: 'floats', value: [1] });
});

test('a value that is missing is its default, where it has one', (t) => {
  t.is(parse({ type: Type.FLOAT }).value, 0);
  t.is(parse({ type: Type.INT }).value, 0);
  t.is(parse({ type: Type.STRING }).value, '');
  t.deepEqual(parse({ type: Type.INTS }).value, []);
  t.is(
    codeOf(() => parse({ type: Type.TENSOR })),
    'ERR_MODEL',
  );
});

test('without a type, the one field that is there tells it', (t) => {
  t.is(parse({ i: 3n }).kind, 'int');
  t.is(parse({ floats: [1, 2] }).kind, 'floats');
  t.is(
    codeOf(() => parse({ i: 3n, f: 1 })),
    'ERR_MODEL',
  );
  t.is(
    codeOf(() => parse({})),
    'ERR_MODEL',
  );
});

test('with a type, fields of other types count only if its own is missing', (t) => {
  t.is(parse({ type: Type.INT, i: 3n, f: 0 }).value, 3);
  t.is(
    codeOf(() => parse({ type: Type.INT, f: 1 })),
    'ERR_MODEL',
  );
});

test('a tensor is read when asked for', (t) => {
  const attribute = parse({ type: Type.TENSOR, t: tensor('', [2], [1, 2]) });
  t.is(attribute.kind, 'tensor');
  if (attribute.kind === 'tensor') t.deepEqual([...attribute.value.read().data], [1, 2]);
});

test('references, and kinds nobody reads', (t) => {
  t.deepEqual(parse({ refAttrName: 'outer', type: Type.INT }), {
    name: 'a',
    kind: 'reference',
    value: 'outer',
  });
  t.is(parse({ type: Type.TYPE_PROTO, tp: {} }).kind, 'other');
  t.is(parse({ type: 99 as Type }).kind, 'other');
});

test('an attribute has a name', (t) => {
  t.is(
    codeOf(() => parse({ name: '', type: Type.INT })),
    'ERR_MODEL',
  );
});
