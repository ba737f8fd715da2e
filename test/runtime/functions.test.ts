import { create } from '@bufbuild/protobuf';
import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import { SparseTensorProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { readModel } from '#convfuse/onnx/read.js';
import { meaningOf, unsupportedOperators } from '#convfuse/runtime/functions.js';
import { Session } from '#convfuse/runtime/session.js';
import { encode, model as modelOf, node, tensor } from '../helpers/model-builder.js';

test('a function hides an operator of its name', (t) => {
  const model = parseText('function Relu { r = Neg(p) }\ny = Relu(x)');
  const meaning = meaningOf(model.graph.first!);
  t.deepEqual(meaning?.inputs, [0, 1]);
  t.is(meaningOf(parseText('y = Relu(x)').graph.first!)?.opType, 'Relu');
});

test('operators in functions count, and so do attributes bound to a call', (t) => {
  const model = parseText('function local.f { r = StringNormalizer(p) }\ny = local.f(x)');
  t.deepEqual(unsupportedOperators(model.graph), ['StringNormalizer of opset 17']);
  const bound = parseText(
    'function local.f { r = LeakyRelu<alpha: float = @a>(p) }\ny = local.f(x)',
  );
  t.deepEqual(unsupportedOperators(bound.graph), ['LeakyRelu with an attribute of its function']);
});

test('functions that call themselves are refused', (t) => {
  const model = parseText('function local.f { r = local.f(p) }\ny = local.f(x)');
  t.throws(() => unsupportedOperators(model.graph), { code: 'ERR_MODEL', message: /calls itself/ });
});

test('sparse initializers are refused by name where a node reads them', (t) => {
  const sessionOf = (reads: string): Session => {
    const message = modelOf({
      inputs: [['x', [4]]],
      outputs: ['y'],
      initializers: [tensor('dense', [1], [1])],
      nodes: [node('Add', ['x', reads], ['y'])],
    });
    message.graph!.sparseInitializer = [
      create(SparseTensorProtoSchema, { values: tensor('few', [1], [1]), dims: [4n] }),
    ];
    const file = { bytes: encode(message), path: undefined, external: undefined };
    return Session.create(readModel(file), { backend: new ReferenceBackend('tests') });
  };
  t.throws(() => sessionOf('few'), { code: 'ERR_UNSUPPORTED', message: /few/ });
  t.notThrows(() => sessionOf('dense'));
});
