import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import { planSteps as steps } from '../helpers/plan-steps.js';
import { tensorOf } from '../helpers/run-text.js';

test('Add of a residual and activation go into the convolution', (t) => {
  t.deepEqual(steps('a = Conv(x, w)\nb = Add(x, a)\ny = Relu(b)'), ['Conv + Add + Relu = relu']);
  t.deepEqual(steps('a = Conv(x, w)\nb = Sum(a, x)\ny = Tanh(b)'), ['Conv + Sum + Tanh = tanh']);
  t.deepEqual(steps('a = ConvTranspose(x, w)\ny = Elu(a)'), ['ConvTranspose + Elu = elu']);
  t.deepEqual(steps('a = Conv(x, w)\ny = Add(a, x)'), ['Conv + Add = identity']);
});

test('of two convolutions in a sum one takes the other', (t) => {
  t.deepEqual(steps('a = Conv(x, w)\nb = Conv(x, w)\nc = Add(a, b)\ny = Relu(c)'), [
    'Conv',
    'Conv + Add + Relu = relu',
  ]);
});

test('gates that are spelt out', (t) => {
  t.deepEqual(steps('a = Conv(x, w)\ns = Sigmoid(a)\ny = Mul(a, s)'), [
    'Conv + Sigmoid + Mul = silu',
  ]);
  const hard = (alpha: string): string[] =>
    steps(`a = Conv(x, w)\ns = HardSigmoid<alpha = ${alpha}>(a)\ny = Mul(s, a)`);
  t.deepEqual(hard('0.16666667'), ['Conv + HardSigmoid + Mul = hard-swish']);
  t.deepEqual(hard('0.2'), ['Conv', 'HardSigmoid', 'Mul']);
  t.deepEqual(steps('a = Conv(x, w)\ns = Sigmoid(a)\ny = Mul(x, s)'), [
    'Conv + Sigmoid = sigmoid',
    'Mul',
  ]);
});

test('what others need, or what does not fit, stays', (t) => {
  t.deepEqual(steps('a = Conv(x, w)\ny = Relu(a)\nz = Neg(a)'), ['Conv', 'Relu', 'Neg']);
  t.deepEqual(steps('a = Conv(x, w)\ny = Relu(a)\na: output\ny: output'), ['Conv', 'Relu']);
  t.deepEqual(steps('a = Conv(x, w)\nr: float[2, 1, 1]\ny = Add(a, r)'), ['Conv', 'Add']);
  t.deepEqual(steps('a = Conv(x, w)\ny = Add(a, a)'), ['Conv', 'Add']);
  t.deepEqual(steps('a = Conv(x, w)\ny = Softsign(a)'), ['Conv', 'Softsign']);
  const nested = 'a = Conv(x, w)\nc: bool[] = {1}\nb = Relu(a)\n';
  const body =
    'y = If<then_branch = { p = Neg(a) }, else_branch = { q = Abs(a) }>(c)\ny: output\nb: output';
  t.deepEqual(steps(nested + body), ['Conv', 'Relu', 'If']);
});

test('a value that is broadcast to a larger batch is no residual', (t) => {
  t.deepEqual(steps('a = Conv(x, w)\nr: float[3, 2, 4, 4]\ny = Add(a, r)'), ['Conv', 'Add']);
});

test('products take an activation, but no slope per channel', (t) => {
  const m = 'm: float[4, 4]\n';
  t.deepEqual(steps(`${m}a = MatMul(x, m)\ny = Relu(a)`), ['MatMul + Relu = relu']);
  t.deepEqual(steps(`${m}a = MatMul(x, m)\ns: float[2, 1, 1]\ny = PRelu(a, s)`), [
    'MatMul',
    'PRelu',
  ]);
  t.deepEqual(steps(`${m}a = MatMul(x, m)\ns: float[1]\ny = PRelu(a, s)`), [
    'MatMul + PRelu = prelu',
  ]);
});

test('arithmetic and norms take an activation, where their numbers are real', (t) => {
  for (const operator of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum']) {
    const one = [`${operator} + Relu = relu`];
    t.deepEqual(steps(`a = ${operator}(x, x)\ny = Relu(a)`), one);
    const whole = `v = Cast<to = 6>(x)\na = ${operator}(v, v)\ny = Relu(a)`;
    t.deepEqual(steps(whole), ['Cast', operator, 'Relu']);
  }
  const norm = 'p: float[2] = {1, 2}\na = BatchNormalization(x, p, p, p, p)\ny = Relu(a)';
  t.deepEqual(steps(norm), ['BatchNormalization + Relu = relu']);
  const training = norm
    .replace('BatchNormalization', 'BatchNormalization<training_mode = 1>')
    .replace('a =', 'a, mean, variance =');
  t.deepEqual(steps(training), ['BatchNormalization', 'Relu']);
});

test('constants are computed when the plan is made, once', (t) => {
  const text = `
    s: int64[4] = {2, 2, 1, 1}
    zeros = ConstantOfShape(s)
    k = Exp(zeros)
    a = Conv(x, k)
    dims = Shape(a)
    y = Reshape(a, dims)
  `;
  t.deepEqual(steps(text), ['Conv', 'Reshape']);
});

test('nodes that no output needs do not run, and the order of the file does not matter', (t) => {
  t.deepEqual(steps('y = Relu(a)\ndead = Exp(x)\na = Neg(x)\ny: output'), ['Neg', 'Relu']);
});

test('every value is released once, after its last use', (t) => {
  const model = parseText('a = Exp(x)\nb = Neg(a)\nc = Add(a, b)\ny = Softsign(c)\nz = Abs(b)');
  const session = Session.create(model, { backend: new ReferenceBackend('tests') });
  const plan = session.plan({ x: tensorOf(model.graph.inputs[0]!.declaration!.dims as number[]) });
  const name = new Map([...plan.slots].map(([value, slot]) => [slot, value.name]));
  const released = plan.steps.map(({ release }) => release.map((slot) => name.get(slot)!));
  t.deepEqual(released, [['x'], [], ['a'], ['c'], ['b']]);
});
