import test from 'ava';

import { ConvfuseError, type ErrorCode } from '#convfuse/errors.js';
import { parseText, printNodes, printText } from '#convfuse/ir/text.js';

const dimsOf = (text: string, ...names: string[]): unknown[] => {
  const { graph } = parseText(text);
  return names.map((name) => {
    const value = graph.values.get(name)!;
    return value.initializer?.dims ?? value.declaration?.dims;
  });
};

test('two lines make a model: parameters become constants, the rest inputs', (t) => {
  const { graph } = parseText('y = Conv(x, W)\nz = BatchNormalization(y, g, b, m, v)');
  t.deepEqual(
    graph.inputs.map((value) => value.name),
    ['x'],
  );
  t.deepEqual(
    graph.outputs.map((value) => value.name),
    ['z'],
  );
  const constants = [...graph.initializers()].map(([value]) => value.name);
  t.deepEqual(constants, ['W', 'g', 'b', 'm', 'v']);
  const variance = graph.values.get('v')!.initializer!.read().data as Float32Array;
  t.true(variance.every((value) => value >= 0.5 && value < 1.5));
  t.is(printNodes(graph), 'y = Conv(x, W)\nz = BatchNormalization(y, g, b, m, v)');
});

test('shapes that a text leaves open follow from those it gives', (t) => {
  const bn = 'z = BatchNormalization(y, g, b, m, v)';
  const conv = `W: float[8, 3, 5, 5]\ny = Conv(x, W, c)\n${bn}`;
  t.deepEqual(dimsOf(conv, 'x', 'c', 'g'), [[1, 3, 8, 8], [8], [8]]);
  const grouped = `y = ConvTranspose<group = 3, kernel_shape = [2]>(x, W)\n${bn}`;
  t.deepEqual(dimsOf(grouped, 'x', 'W', 'v'), [[1, 6, 8], [6, 2, 2], [6]]);
  const gemm = `B: float[5, 7]\ny = Gemm<transB = 1>(x, B, c)\n${bn}`;
  t.deepEqual(dimsOf(gemm, 'x', 'c', 'g'), [[2, 7], [5], [5]]);
  t.deepEqual(dimsOf('x: input float[N, 6, ?]\ny = PRelu(x, s)', 'x', 's'), [
    ['N', 6, undefined],
    [6, 1, 1],
  ]);
});

test('printing is the inverse of parsing', (t) => {
  const text = `
    <ir_version: 10, opset_import: ["": 21, "com.microsoft": 1]>
    x: input float[N, 4, ?, 8]
    anything: input double
    W: float16[2, 2] = {1, -0.5, inf, nan}
    ids: int64[2] = {9007199254740993, -1}
    u: input float[3] = fill(0.25)
    "0": pinned bfloat16[2] = random(4)
    words: string[2] = {"a\\"b", ""}
    [first] a, "", b = com.microsoft.Op:two<f = 1.0, fs = [0.5, 2.0], i = 3, none: floats = [],
      s = "q", strings = ["x"], t = int8[2] {1, 2}>(x, "", W, "0")
    c = If<then_branch = { d = Relu(a); e: float = {2} }, else_branch = { x: output }>(u)
    gs = Op<bodies = [{ k = Neg(ids) }, { k = Abs(ids) }]>(words)
    function local.f:over { <opset_import: ["": 13]>
      o = LeakyRelu<alpha = @alpha>(p)
    }
    c: output float[?]
    x: output`;
  const printed = printText(parseText(text));
  t.is(printText(parseText(printed)), printed);
  for (const part of ['[first]', '9007199254740993', 'none: floats = []', '@alpha', 'u: input']) {
    t.true(printed.includes(part), part);
  }
  const { graph, functions } = parseText(printed);
  t.is(graph.values.get('W')!.uses.size, 1);
  t.true(graph.values.get('x')!.isOutput);
  t.is(graph.values.get('0')!.pinned, 'declared as pinned');
  t.is(functions[0]!.body.opsets.get(''), 13);
});

test('bodies capture values by name, and count as uses', (t) => {
  const { graph } = parseText(`y = Conv(x, W)
    c: input bool[]
    z = If<then_branch = { a = Relu(y) }, else_branch = { W: float[1]; b = Add(y, W) }>(c)`);
  t.is(graph.values.get('y')!.useCount, 2);
  t.is(graph.values.get('W')!.useCount, 1); // the body has a W of its own
});

test('seeded numbers depend on name, type and shape alone', (t) => {
  const data = (text: string) => parseText(text).graph.values.get('W')!.initializer!.read().data;
  t.deepEqual(data('W: float[9]'), data('x: input float\nW: float[9]\ny = Add(x, W)'));
  t.notDeepEqual(data('W: float[9]'), data('W: float[9] = random(1)'));
});

test('options set what the text does not say', (t) => {
  const model = parseText('y = Relu(x)', { irVersion: 3, opset: 7 });
  t.is(model.irVersion, 3);
  t.is(model.graph.first!.opset, 7);
  t.is(parseText('<opset_import: ["": 9]>\ny = Relu(x)', { opset: 7 }).opsets.get(''), 9);
});

test('a wrong text is refused with its line', (t) => {
  const refused = (text: string, code: ErrorCode, message: RegExp) => {
    const error = t.throws(() => parseText(text), { instanceOf: ConvfuseError }, text)!;
    t.is(error.code, code);
    t.regex(error.message, message);
  };
  refused('y = Relu(x)\nz = Relu(', 'ERR_ARGUMENT', /line 2.*the end/);
  refused('y = Relu(x)\n%', 'ERR_ARGUMENT', /line 2/);
  refused('x: strange[2]', 'ERR_ARGUMENT', /element type/);
  refused('W: float[N]', 'ERR_ARGUMENT', /known dimensions/);
  refused('W: float[2] = {1}', 'ERR_ARGUMENT', /2 elements/);
  refused('y = Relu(x)\ny = Relu(x)', 'ERR_MODEL', /one definition of y/);
  refused('x: input float\nx = Relu(a)', 'ERR_MODEL', /one definition of x/);
  refused('q: output', 'ERR_ARGUMENT', /a defined name/);
});
