import test from 'ava';

import {
  activationSites,
  replaceActivation,
  type Replacement,
} from '#convfuse/api/activation-sites.js';
import type { ActivationKind } from '#convfuse/backend/activation.js';
import { checkModel } from '#convfuse/ir/check.js';
import { Editor } from '#convfuse/ir/editor.js';
import { parseText, printNodes, type TextOptions } from '#convfuse/ir/text.js';
import { Inference } from '#convfuse/ops/infer.js';

const INPUT = 'x: input float[1, 2, 4, 4]\n';

function found(
  text: string,
  kinds: readonly ActivationKind[],
  options: TextOptions = {},
): string[] {
  const { graph } = parseText(INPUT + text, { opset: 24, ...options });
  return activationSites(graph, new Inference({ lenient: true }), new Set(kinds)).map(
    ({ nodes, activation, input }) =>
      `${activation.kind} of ${input.name}: ${nodes.map(({ opType }) => opType).join(' ')}`,
  );
}

/** The nodes after every activation of the kinds was replaced. */
function replaced(
  text: string,
  kinds: readonly ActivationKind[],
  replacement: Replacement,
  options: TextOptions = {},
): string {
  const model = parseText(text.includes('x: input') ? text : INPUT + text, options);
  const edit = new Editor(model);
  const sites = activationSites(model.graph, new Inference({ lenient: true }), new Set(kinds));
  for (const site of sites) replaceActivation(edit, site, replacement);
  edit.sweep();
  checkModel(model);
  return printNodes(model.graph);
}

test('operators and spellings, in the order of the graph, wherever they stand', (t) => {
  const text = `
    a = Gelu(x)
    s = Sigmoid(a)
    b = Mul(a, s)
    c = Relu(b)
    d = Mish(c)
    y = Neg(d)
    z = Abs(c)
  `;
  t.deepEqual(found(text, ['gelu', 'silu', 'mish']), [
    'gelu of x: Gelu',
    'silu of a: Sigmoid Mul',
    'mish of c: Mish',
  ]);
  t.deepEqual(found(text, ['mish']), ['mish of c: Mish']);
  // The gate of a SiLU is no activation by itself.
  t.deepEqual(found(text, ['sigmoid']), []);
});

test('an inner value that is read elsewhere holds a spelling together', (t) => {
  t.deepEqual(found('s = Sigmoid(x)\ny = Mul(x, s)\nz = Neg(s)', ['silu']), []);
  t.deepEqual(found('s = Sigmoid(x)\ny = Mul(x, s)\ns: output\ny: output', ['silu']), []);
});

test('integers and bodies are left alone', (t) => {
  t.deepEqual(found('i: input int32[2]\ny = Relu(i)', ['relu']), []);
  const body = `
    c: bool[] = {1}
    y = If<then_branch = { p = Gelu(x) }, else_branch = { q = Abs(x) }>(c)
  `;
  t.deepEqual(found(body, ['gelu']), []);
});

test('one operator takes the place of several', (t) => {
  const silu = 's = Sigmoid(x)\nb = Mul(x, s)\ny = Neg(b)';
  t.is(replaced(silu, ['silu'], 'relu'), 'b = Relu(x)\ny = Neg(b)');
  t.is(
    replaced(silu, ['silu'], 'leaky-relu'),
    'b = LeakyRelu<alpha = 0.009999999776482582>(x)\ny = Neg(b)',
  );
  // A graph output keeps its name.
  t.is(replaced('s = Sigmoid(x)\ny = Mul(x, s)', ['silu'], 'relu'), 'y = Relu(x)');
});

test('the form of an operator set', (t) => {
  const mish = 's = Softplus(x)\nt = Tanh(s)\ny = Mul(x, t)';
  const at = (opset: number, replacement: Replacement): string =>
    replaced(mish, ['mish'], replacement, { opset });
  t.is(at(14, 'hard-swish'), 'y = HardSwish(x)');
  t.is(
    at(13, 'hard-swish'),
    'y_gate = HardSigmoid<alpha = 0.1666666716337204, beta = 0.5>(x)\ny = Mul(x, y_gate)',
  );
  t.is(at(10, 'relu6'), 'y = Clip<min = 0.0, max = 6.0>(x)');
  t.is(at(11, 'relu6'), 'y = Clip(x, limit, limit_1)');
});

test('limits have the type of the value', (t) => {
  for (const type of ['float16', 'bfloat16', 'float', 'double']) {
    const model = parseText(`x: input ${type}[4]\ny = Gelu(x)`, { opset: 20 });
    const edit = new Editor(model);
    const inference = new Inference({ lenient: true });
    const [site] = activationSites(model.graph, inference, new Set(['gelu']));
    replaceActivation(edit, site!, 'relu6');
    const limits = model.graph.first!.inputs.slice(1).map((value) => value!.initializer!);
    t.deepEqual(
      limits.map((limit) => limit.type),
      [site!.type, site!.type],
    );
    const bits = { float16: 0x4600, bfloat16: 0x40c0, float: 6, double: 6 }[type]!;
    t.is((limits[1]!.read().data as Float32Array)[0], bits);
  }
});
