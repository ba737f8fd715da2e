import { create } from '@bufbuild/protobuf';
import test from 'ava';

import { problemsOf } from '#convfuse/ir/check.js';
import type { Model } from '#convfuse/ir/model.js';
import {
  NodeDeviceConfigurationProtoSchema,
  SparseTensorProtoSchema,
  TensorAnnotationSchema,
  TrainingInfoProtoSchema,
} from '#convfuse/onnx/gen/onnx_pb.js';

import {
  encode,
  graph,
  model,
  modelFunction,
  node,
  tensor,
  type GraphSpec,
  type ModelSpec,
} from '../helpers/model-builder.js';
import { codeOf, readBytes, readSpec } from '../helpers/read-bytes.js';

const RELU: ModelSpec = { inputs: ['x'], outputs: ['y'], nodes: [node('Relu', ['x'], ['y'])] };

/** If over x, with these branches; y is its output, c its condition. */
function withBranches(then: GraphSpec, otherwise: GraphSpec, more: ModelSpec = {}): Model {
  const branches = { then_branch: graph(then), else_branch: graph(otherwise) };
  const file = readSpec({
    ...more,
    inputs: ['x', ['c', [], 'bool'], ...(more.inputs ?? [])],
    outputs: ['y'],
    nodes: [...(more.nodes ?? []), node('If', ['c'], ['y'], branches)],
  });
  assertSound(file);
  return file;
}

/** Whatever was read keeps the invariants of the IR. */
function assertSound(file: Model): void {
  const problems = problemsOf(file);
  if (problems.length > 0) throw new Error(problems.join('; '));
}

test('inputs, initializers and outputs of nodes become values', (t) => {
  const file = readSpec({
    inputs: [['x', [1, 'n']], 'w'],
    outputs: ['y'],
    initializers: [tensor('w', [1], [2]), tensor('b', [1], [3])],
    nodes: [node('Mul', ['x', 'w'], ['m']), node('Add', ['m', 'b'], ['y'], {}, 'add')],
    valueInfo: [['m', [1, 4]]],
  });
  assertSound(file);
  const { values, inputs, outputs } = file.graph;
  t.deepEqual([...values.keys()], ['x', 'w', 'b', 'm', 'y']);
  t.deepEqual(inputs, [values.get('x'), values.get('w')]);
  t.deepEqual(outputs, [values.get('y')]);
  t.true(values.get('w')!.isInput);
  t.deepEqual([...values.get('w')!.initializer!.read().data], [2]);
  t.deepEqual(values.get('x')!.declaration?.dims, [1, 'n']);
  t.deepEqual(values.get('m')!.declaration?.dims, [1, 4]);
  t.is(values.get('m')!.producer?.opType, 'Mul');
  t.is([...values.get('m')!.uses.keys()][0]?.name, 'add');
});

test('an empty name is an omitted input or output', (t) => {
  const file = readSpec({
    inputs: ['x', 'hi'],
    outputs: ['y'],
    nodes: [node('Clip', ['x', '', 'hi'], ['y', ''])],
  });
  const [clip] = file.graph.nodes();
  t.deepEqual(
    clip!.inputs.map((value) => value?.name),
    ['x', undefined, 'hi'],
  );
  t.is(clip!.outputs[1], undefined);
});

test('a value used twice by one node counts twice', (t) => {
  const file = readSpec({ ...RELU, nodes: [node('Add', ['x', 'x'], ['y'])] });
  t.is(file.graph.values.get('x')!.useCount, 2);
});

const REFUSED: readonly [string, ModelSpec][] = [
  ['an input nobody makes', { ...RELU, nodes: [node('Relu', ['ghost'], ['y'])] }],
  ['an output nobody makes', { ...RELU, outputs: ['ghost'] }],
  ['two nodes with one output', { ...RELU, nodes: [...RELU.nodes!, node('Abs', ['x'], ['y'])] }],
  ['one node with an output twice', { ...RELU, nodes: [node('Split', ['x'], ['y', 'y'])] }],
  ['a node that makes an input', { ...RELU, nodes: [node('Relu', ['x'], ['x'])] }],
  ['a node that makes an initializer', { ...RELU, initializers: [tensor('y', [1], [1])] }],
  ['two inputs of one name', { ...RELU, inputs: ['x', 'x'] }],
  [
    'two initializers of one name',
    { ...RELU, initializers: [tensor('w', [1], [1]), tensor('w', [1], [1])] },
  ],
  ['an initializer without a name', { ...RELU, initializers: [tensor('', [1], [1])] }],
  ['an input without a name', { ...RELU, inputs: ['x', ''] }],
  ['no op_type', { ...RELU, nodes: [node('', ['x'], ['y'])] }],
  ['a cycle', { ...RELU, nodes: [node('Add', ['x', 'b'], ['y']), node('Relu', ['y'], ['b'])] }],
  ['a node that reads itself', { ...RELU, nodes: [node('Add', ['x', 'y'], ['y'])] }],
  [
    'a sibling body',
    {
      ...RELU,
      nodes: [
        node('Foo', [], ['z'], {
          body: graph({ nodes: [node('Relu', ['x'], ['inner'])], outputs: ['inner'] }),
        }),
        node('Relu', ['inner'], ['y']),
      ],
    },
  ],
  [
    'a body that reads what its node makes',
    {
      ...RELU,
      nodes: [
        node('Foo', [], ['y'], {
          body: graph({ nodes: [node('Relu', ['y'], ['i'])], outputs: ['i'] }),
        }),
      ],
    },
  ],
  [
    'a body that hands out what its node makes',
    {
      ...RELU,
      nodes: [node('Foo', [], ['y'], { body: graph({ outputs: ['y'] }) })],
    },
  ],
];

for (const [name, spec] of REFUSED) {
  test(`refused: ${name}`, (t) => {
    t.is(
      codeOf(() => readSpec(spec)),
      'ERR_MODEL',
    );
  });
}

test('an attribute may be there once', (t) => {
  const message = model(RELU);
  const relu = node('Relu', ['x'], ['y'], { a: 1, b: 2 });
  relu.attribute[1]!.name = 'a';
  message.graph!.node = [relu];
  t.is(
    codeOf(() => readBytes(encode(message))),
    'ERR_MODEL',
  );
});

test('nodes in any order are read, with a warning', (t) => {
  const nodes = [node('Relu', ['b'], ['y']), node('Abs', ['a'], ['b']), node('Neg', ['x'], ['a'])];
  const file = readSpec({ ...RELU, nodes });
  assertSound(file);
  t.deepEqual(
    Array.from(file.graph.nodes(), (one) => one.opType),
    ['Relu', 'Abs', 'Neg'],
  );
  t.regex(file.warnings[0]!, /not in topological order/);
});

test('a body uses values of the graphs around it, at any depth', (t) => {
  const inner = graph({ nodes: [node('Relu', ['x'], ['deep'])], outputs: ['deep'] });
  const file = withBranches(
    {
      nodes: [node('If', ['c'], ['t'], { then_branch: inner, else_branch: inner })],
      outputs: ['t'],
    },
    { nodes: [node('Abs', ['x'], ['e'])], outputs: ['e'] },
  );
  const x = file.graph.values.get('x')!;
  t.deepEqual(Array.from(x.uses.keys(), (user) => user.opType).sort(), ['Abs', 'Relu', 'Relu']);
  t.is(file.graph.values.get('c')!.useCount, 2);
});

test('a body has initializers of its own', (t) => {
  const file = withBranches(
    {
      initializers: [tensor('w', [1], [5])],
      nodes: [node('Mul', ['x', 'w'], ['t'])],
      outputs: ['t'],
    },
    { outputs: ['x'] },
  );
  const [body] = [...file.graph.nodes()].at(-1)!.subgraphs();
  t.is(body!.kind, 'body');
  t.deepEqual([...body!.values.get('w')!.initializer!.read().data], [5]);
  t.false(file.graph.values.has('w'));
});

test('a body that hands out an outer value makes it an output', (t) => {
  const file = withBranches(
    { outputs: ['a'] },
    { outputs: ['x'] },
    {
      nodes: [node('Neg', ['x'], ['a'])],
    },
  );
  t.true(file.graph.values.get('a')!.isOutput);
  t.true(file.graph.values.get('x')!.isOutput);
});

test('a name that a body defines anew hides the outer one', (t) => {
  const file = withBranches(
    { nodes: [node('Neg', ['x'], ['a']), node('Abs', ['a'], ['t'])], outputs: ['t'] },
    { nodes: [node('Relu', ['a'], ['e'])], outputs: ['e'] },
    { nodes: [node('Sqrt', ['x'], ['a'])] },
  );
  const outer = file.graph.values.get('a')!;
  t.deepEqual(
    Array.from(outer.uses.keys(), (user) => user.opType),
    ['Relu'],
  );
  t.is(outer.pinned, 'shadowed name');
  t.regex(file.warnings[0]!, /hides/);
});

test('a branch may call its output what its If calls its own', (t) => {
  const file = withBranches(
    { nodes: [node('Neg', ['x'], ['y'])], outputs: ['y'] },
    { nodes: [node('Abs', ['x'], ['y'])], outputs: ['y'] },
  );
  t.is(file.graph.values.get('y')!.pinned, undefined);
  t.deepEqual(file.warnings, []);
});

test('names that are traps in JavaScript are names', (t) => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const before = Object.getOwnPropertyNames(Object.prototype).join();
  const file = readSpec({
    inputs: ['x'],
    outputs: ['valueOf'],
    initializers: [tensor('__proto__', [1], [1])],
    nodes: [
      node('Add', ['x', '__proto__'], ['constructor'], { __proto__x: 1, toString: 2 }),
      node('Relu', ['constructor'], ['toString'], {}, 'hasOwnProperty'),
      node('Relu', ['toString'], ['hasOwnProperty']),
      node('Relu', ['hasOwnProperty'], ['valueOf']),
    ],
  });
  assertSound(file);
  for (const name of names) t.true(file.graph.values.has(name), name);
  t.is([...file.graph.nodes()][0]!.attribute('toString', 'int'), 2);
  t.is([...file.graph.nodes()][0]!.attribute('constructor', 'int'), undefined);
  t.is(Object.getOwnPropertyNames(Object.prototype).join(), before);
});

test('every name of every scope is known to be taken', (t) => {
  const file = withBranches(
    {
      initializers: [tensor('w', [1], [5])],
      nodes: [node('Mul', ['x', 'w'], ['t'], {}, 'n')],
      outputs: ['t'],
    },
    { outputs: ['x'] },
    { valueInfo: ['nobody'], nodes: [] },
  );
  for (const name of ['x', 'c', 'y', 'w', 't', 'n', 'nobody']) t.true(file.names.has(name), name);
});

test('what other parts of the file refer to is pinned', (t) => {
  const message = model({
    inputs: ['x'],
    outputs: ['y'],
    initializers: [tensor('w', [1], [1]), tensor('s', [1], [1]), tensor('free', [1], [1])],
    nodes: [node('Mul', ['x', 'w'], ['m']), node('Add', ['m', 'sparse'], ['y'])],
  });
  message.graph!.sparseInitializer = [
    create(SparseTensorProtoSchema, { values: tensor('sparse', [1], [1]), dims: [4n] }),
  ];
  message.graph!.quantizationAnnotation = [
    create(TensorAnnotationSchema, {
      tensorName: 'm',
      quantParameterTensorNames: [{ key: 'SCALE_TENSOR', value: 's' }],
    }),
  ];
  message.trainingInfo = [
    create(TrainingInfoProtoSchema, {
      algorithm: graph({ nodes: [node('Sub', ['w', 'gradient'], ['w_new'])], outputs: ['w_new'] }),
      updateBinding: [{ key: 'w', value: 'w_new' }],
    }),
  ];
  message.graph!.node[0]!.deviceConfigurations = [
    create(NodeDeviceConfigurationProtoSchema, { configurationId: 'gpu' }),
  ];
  const file = readBytes(encode(message));
  assertSound(file);
  const pinned = (name: string): string | undefined => file.graph.values.get(name)!.pinned;
  t.is(pinned('sparse'), 'sparse initializer');
  t.is(pinned('m'), 'quantization annotation');
  t.is(pinned('s'), 'quantization annotation');
  t.is(pinned('w'), 'training information');
  t.is(pinned('free'), undefined);
  t.true(file.names.has('w_new'));
  t.is([...file.graph.nodes()][0]!.pinned, 'device configuration');
  t.is([...file.graph.nodes()][1]!.pinned, undefined);
});

test('a function has a graph with its own operator sets', (t) => {
  const file = readSpec({
    ...RELU,
    opsets: { local: 1 },
    nodes: [node('local::F', ['x'], ['y'])],
    functions: [
      modelFunction({
        domain: 'local',
        name: 'F',
        inputs: ['x'],
        outputs: ['z'],
        nodes: [node('Neg', ['x'], ['y']), node('Abs', ['y'], ['z'])],
        opsets: { '': 13 },
      }),
    ],
  });
  assertSound(file);
  const [fn] = file.functions;
  t.is(fn!.body.kind, 'function');
  t.is(fn!.body.opsets.get(''), 13);
  t.is(fn!.body.first!.opset, 13);
  t.not(fn!.body.values.get('x'), file.graph.values.get('x'));
  t.true(file.definesFunction('local', 'F'));
});

test('a function reads nothing of the graph that calls it', (t) => {
  const spec = {
    ...RELU,
    functions: [
      modelFunction({
        domain: 'l',
        name: 'F',
        inputs: [],
        outputs: ['z'],
        nodes: [node('Neg', ['x'], ['z'])],
      }),
    ],
  };
  t.is(
    codeOf(() => readSpec(spec)),
    'ERR_MODEL',
  );
});
