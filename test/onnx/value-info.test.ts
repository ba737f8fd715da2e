import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import test from 'ava';

import type { TypeProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { ValueInfoProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { parseDeclaration, valueInfoName } from '#convfuse/onnx/value-info.js';

import { valueInfo, type ValueSpec } from '../helpers/model-builder.js';

const parse = (bytes: Uint8Array) => parseDeclaration(bytes, { start: 0, end: bytes.length });
const declared = (spec: ValueSpec) => parse(toBinary(ValueInfoProtoSchema, valueInfo(spec)));
const typed = (type: MessageInitShape<typeof TypeProtoSchema>) =>
  parse(toBinary(ValueInfoProtoSchema, create(ValueInfoProtoSchema, { name: 'x', type })));

test('type and dimensions, known, named and unknown', (t) => {
  t.deepEqual(declared(['x', [1, 'batch', undefined, 0], 'float16']), {
    type: 'float16',
    dims: [1, 'batch', undefined, 0],
  });
  t.deepEqual(declared(['x', []]), { type: 'float32', dims: [] });
  t.deepEqual(declared('x'), { type: 'float32', dims: undefined });
});

test('-1 and an empty symbol are unknown dimensions', (t) => {
  t.deepEqual(declared(['x', [-1, '', 3]])?.dims, [undefined, undefined, 3]);
});

test('what is no tensor has neither', (t) => {
  const elemType = { value: { case: 'tensorType' as const, value: { elemType: 1 } } };
  t.deepEqual(typed({ value: { case: 'sequenceType', value: { elemType } } }), {
    type: undefined,
    dims: undefined,
  });
});

test('an element type unknown here is none', (t) => {
  const shape = { dim: [{ value: { case: 'dimValue' as const, value: 2n } }] };
  t.deepEqual(typed({ value: { case: 'tensorType', value: { elemType: 99, shape } } }), {
    type: undefined,
    dims: [2],
  });
});

test('no type at all is no declaration', (t) => {
  const bytes = toBinary(ValueInfoProtoSchema, create(ValueInfoProtoSchema, { name: 'x' }));
  t.is(parse(bytes), undefined);
  t.is(valueInfoName(bytes, { start: 0, end: bytes.length }), 'x');
});
