import test from 'ava';

import type { Graph } from '#convfuse/ir/graph.js';
import { parseText } from '#convfuse/ir/text.js';
import * as conditions from '#convfuse/rewrite/conditions.js';
import type { Condition, Match, Refusal } from '#convfuse/rewrite/rule.js';
import { declaredFacts } from '../helpers/rewrite-text.js';

/** The batch norm that makes `z` and what makes its input, as a rule would match them. */
function matchOf(graph: Graph): Match {
  const norm = graph.values.get('z')!.producer!;
  const into = norm.input(0).producer!;
  const parameters = [...into.inputs.slice(1), ...norm.inputs.slice(1)].filter((one) => one);
  return {
    nodes: [into, norm],
    into,
    vanishing: [into.output(0)],
    parameters: parameters as Match['parameters'],
  };
}

const PLAIN = 'y = Conv(x, W)\nz = BatchNormalization(y, g, b, m, v)';

function check(condition: Condition, text: string, options = {}): Refusal | undefined {
  return condition.check(matchOf(parseText(text, options).graph), declaredFacts);
}

test('nothing refuses the plain pair', (t) => {
  const all = Object.values(conditions).filter(
    (one): one is Condition => typeof one === 'object' && 'check' in one,
  );
  t.is(all.length, 10);
  for (const condition of all) t.is(check(condition, PLAIN), undefined, condition.name);
  t.is(new Set(all.map(({ name }) => name)).size, all.length);
});

const CASES: readonly [Condition, string, string, string, object?][] = [
  [
    conditions.singleConsumer,
    `${PLAIN}\nr = Relu(y)`,
    'multi-consumer',
    'output of y has 2 consumers',
  ],
  [
    conditions.singleConsumer,
    `c: input bool[]\n${PLAIN}\nq = If<then_branch = { r = Op<b = { s = Relu(y) }>() }>(c)`,
    'multi-consumer',
    'output of y has 2 consumers',
  ],
  [
    conditions.singleConsumer,
    'y = Conv(x, W)\nz = Add(y, y)',
    'multi-consumer',
    'output of y has 2 consumers',
  ],
  [
    conditions.notGraphOutput,
    `${PLAIN}\ny: output`,
    'graph-output',
    'output of y is an output of the model',
  ],
  [
    conditions.notPinned,
    `y: pinned float\n${PLAIN}`,
    'pinned',
    'y is named outside the nodes: declared as pinned',
  ],
  [
    conditions.notPinned,
    `W: pinned float[4, 4, 1, 1]\n${PLAIN}`,
    'pinned',
    'W is named outside the nodes: declared as pinned',
  ],
  [
    conditions.notOverridable,
    `g: input float[4] = fill(1)\n${PLAIN}`,
    'overridable-input',
    'g is also a graph input, so a caller may override it; --constant-initializers makes it a constant',
  ],
  [
    conditions.notOverridable,
    `V: input float[4, 4, 1, 1] = fill(1)\nW = Identity(V)\n${PLAIN}`,
    'overridable-input',
    'V is also a graph input, so a caller may override it; --constant-initializers makes it a constant',
  ],
  [
    conditions.constantParameters,
    `W: input float\n${PLAIN}`,
    'not-constant',
    'W is an input of the graph',
  ],
  [conditions.constantParameters, `g = Abs(h)\n${PLAIN}`, 'not-constant', 'g is computed by Abs g'],
  [
    conditions.constantParameters,
    `W = DequantizeLinear(q)\n${PLAIN}`,
    'quantized',
    'W is computed by DequantizeLinear W',
  ],
  [conditions.oneFloatType, `g: float16[4]\n${PLAIN}`, 'dtype', 'W is float32 and g is float16'],
  [conditions.oneFloatType, `W: int8[4, 4, 1, 1]\n${PLAIN}`, 'dtype', 'W is int8'],
  [
    conditions.defaultDomain,
    'y = com.foo.Conv(x, W)\nz = BatchNormalization(y, g, b, m, v)',
    'custom-op',
    'com.foo.Conv y is not of the default domain',
  ],
  [
    conditions.defaultDomain,
    `${PLAIN}\nfunction Conv { o = Relu(i) }`,
    'custom-op',
    'Conv y is a function of the model',
  ],
  [
    conditions.noExtraOutputs,
    'y = Conv(x, W)\nz, mean = BatchNormalization(y, g, b, m, v)',
    'extra-outputs',
    'z has the extra output mean',
  ],
  [
    conditions.inferenceMode,
    'y = Conv(x, W)\nz = BatchNormalization<training_mode = 1>(y, g, b, m, v)',
    'training-mode',
    'z has training_mode set',
  ],
  [
    conditions.inferenceMode,
    'y = Conv(x, W)\nz = BatchNormalization<training_mode = @mode>(y, g, b, m, v)',
    'training-mode',
    'z has training_mode set',
  ],
  [
    conditions.inferenceMode,
    PLAIN,
    'training-mode',
    'z has no is_test = 1 in opset 6',
    { opset: 6 },
  ],
  [
    conditions.inferenceMode,
    'y = Conv(x, W)\nz = BatchNormalization<spatial = 0>(y, g, b, m, v)',
    'opset',
    'z has spatial = 0: statistics per element',
    { opset: 8 },
  ],
];

for (const [condition, text, reason, detail, options] of CASES) {
  test(`${condition.name} refuses ${text.replaceAll('\n', '; ')}`, (t) => {
    t.deepEqual(check(condition, text, options), { reason, detail } as Refusal);
  });
}

test('flags of other opsets mean nothing', (t) => {
  const norm = (flag: string): string =>
    `y = Conv(x, W)\nz = BatchNormalization<${flag}>(y, g, b, m, v)`;
  t.is(check(conditions.inferenceMode, norm('is_test = 1'), { opset: 6 }), undefined);
  t.is(check(conditions.inferenceMode, norm('training_mode = 1'), { opset: 13 }), undefined);
  t.is(check(conditions.inferenceMode, norm('spatial = 0'), { opset: 9 }), undefined);
});

test('below IR 4, and where the user says so, listed initializers are constants', (t) => {
  const text = `g: input float[4] = fill(1)\n${PLAIN}`;
  t.is(check(conditions.notOverridable, text, { irVersion: 3 }), undefined);
  t.is(check(conditions.constantParameters, text, { irVersion: 3 }), undefined);
  const model = parseText(text);
  model.constantInitializers = true;
  t.is(conditions.notOverridable.check(matchOf(model.graph), declaredFacts), undefined);
});

test('an initializer that is an input of a body is what the node around it says', (t) => {
  const { graph } = parseText(`z = Op<body = {
    W: input float[4, 4, 1, 1] = fill(1)
    x: input float
    y = Conv(x, W)
    z = BatchNormalization(y, g, b, m, v)
  }>()`);
  const [body] = [...graph.first!.subgraphs()];
  const refusal = conditions.notOverridable.check(matchOf(body!), declaredFacts);
  t.is(refusal?.reason, 'overridable-input');
  t.false(refusal!.detail.includes('--constant-initializers'));
});

test('a node in another graph is refused', (t) => {
  const { graph } = parseText(`y = Conv(x, W)
    z = Op<body = { z = BatchNormalization(y, g, b, m, v) }>()`);
  const [body] = [...graph.values.get('z')!.producer!.subgraphs()];
  const refusal = conditions.sameGraph.check(matchOf(body!), declaredFacts);
  t.deepEqual(refusal, { reason: 'pattern', detail: 'y and z are in two graphs' });
});
