import { create } from '@bufbuild/protobuf';
import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import {
  AttributeProto_AttributeType as AttributeType,
  SparseTensorProtoSchema,
} from '#convfuse/onnx/gen/onnx_pb.js';
import { readModel } from '#convfuse/onnx/read.js';
import { meaningOf, unsupportedOperators } from '#convfuse/runtime/functions.js';
import { Session } from '#convfuse/runtime/session.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { judge } from '../helpers/judge.js';
import {
  attribute,
  encode,
  float,
  model as modelOf,
  modelFunction,
  node,
  reference,
  tensor,
} from '../helpers/model-builder.js';
import { distance } from '../helpers/model-files.js';
import { runText, tensorOf } from '../helpers/run-text.js';

test('a function hides an operator of its name', (t) => {
  const model = parseText('function Relu { r = Neg(p) }\ny = Relu(x)');
  const meaning = meaningOf(model.graph.first!);
  t.deepEqual(meaning?.inputs, [0, 1]);
  t.is(meaningOf(parseText('y = Relu(x)').graph.first!)?.opType, 'Relu');
});

test('operators in functions count', (t) => {
  const model = parseText('function local.f { r = StringNormalizer(p) }\ny = local.f(x)');
  t.deepEqual(unsupportedOperators(model.graph), ['StringNormalizer of opset 17']);
});

test('each call of a function has the attributes that it gives', (t) => {
  const text = `
    function local.inner { r = LeakyRelu<alpha: float = @slope>(p) }
    function local.f { a = local.inner<slope: float = @left>(p); r = local.inner(a) }
    u = local.f<left = 0.5>(x)
    v = local.f<left = 0.25>(x)
    y = Sub(u, v)`;
  const feeds = { x: tensorOf([2], [-400, 8]) };
  // -2 and -1: the second call inside gives no slope, so that it is 0.01.
  const [low, high] = runText(text, feeds).values;
  t.true(Math.abs(low! + 1) < 1e-6);
  t.is(high, 0);
});

test('attributes of a function reach the bodies in it', (t) => {
  const text = `
    function local.f {
      three = Constant<value = float {3}>()
      r = If<then_branch = { a = LeakyRelu<alpha: float = @slope>(p); b = Mul(a, three) },
             else_branch = { c = Identity(p) }>(flag)
    }
    y = local.f<slope = 0.5>(flag, x)`;
  const feeds = { x: tensorOf([1], [-4]), flag: tensorOf([], [1], 'bool') };
  t.deepEqual(runText(text, feeds).values, [-6]);
  t.deepEqual(runText(text, { ...feeds, flag: tensorOf([], [0], 'bool') }).values, [-4]);
});

test('a graph is not handed to a function', (t) => {
  const model = parseText(`
    function local.f { r = If<then_branch: graph = @body, else_branch = { c = Identity(p) }>(flag) }
    y = local.f<body = { a = Identity(x) }>(x, flag)`);
  t.deepEqual(unsupportedOperators(model.graph), ['If with an attribute of its function']);
});

test('an edit between two sessions is seen', (t) => {
  const model = parseText(`
    x: input float[1]
    function local.f { r = LeakyRelu<alpha: float = @slope>(p) }
    y = local.f<slope = 0.5>(x)`);
  const run = (): Tensor['data'] => {
    const session = Session.create(model, { backend: new ReferenceBackend('tests') });
    return session.runSync({ x: tensorOf([1], [-4]) })['y']!.data;
  };
  t.deepEqual([...(run() as Float32Array)], [-2]);
  const call = model.graph.first!;
  call.attributes = new Map([['slope', { name: 'slope', kind: 'float', value: 0.25 }]]);
  model.markChanged();
  t.deepEqual([...(run() as Float32Array)], [-1]);
});

test('defaults of a function, and what a call gives, as onnxruntime has them', async (t) => {
  const message = modelOf({
    irVersion: 10,
    inputs: [['x', [3]]],
    outputs: ['y', 'z'],
    opsets: { local: 1 },
    functions: [
      modelFunction({
        ...{ domain: 'local', name: 'f', inputs: ['p'], outputs: ['r'], attributes: ['steep'] },
        nodes: [
          node('LeakyRelu', ['p'], ['h'], {
            alpha: reference('alpha', 'slope', AttributeType.FLOAT),
          }),
          node('Elu', ['h'], ['r'], { alpha: reference('alpha', 'steep', AttributeType.FLOAT) }),
        ],
      }),
    ],
    nodes: [
      node('local::f', ['x'], ['y'], { steep: float(2) }),
      node('local::f', ['x'], ['z'], { steep: float(3), slope: float(0.125) }),
    ],
  });
  message.functions[0]!.attributeProto = [attribute('slope', float(0.5))];
  const bytes = encode(message);
  const feeds = { x: tensorOf([3], [-2, -0.5, 1]) };
  const wanted = await judge('a function with attributes', bytes, feeds);
  const model = readModel({ bytes, path: undefined, external: undefined });
  const found = Session.create(model, { backend: new ReferenceBackend('tests') }).runSync(feeds);
  for (const name of ['y', 'z']) t.true(distance(found[name]!, wanted![name]!) < 1e-6, name);
  t.true(Math.abs((found['y']!.data as Float32Array)[0]! - 2 * Math.expm1(-1)) < 1e-6);
});

test('functions without end are refused', (t) => {
  const levels = Array.from(
    { length: 20 },
    (_, i) => `function local.f${i + 1} { a = local.f${i}(p); r = local.f${i}(a) }`,
  );
  const text = `function local.f0 { r = Relu(p) }\n${levels.join('\n')}\ny = local.f20(x)`;
  t.throws(() => unsupportedOperators(parseText(text).graph), { code: 'ERR_LIMIT' });
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
