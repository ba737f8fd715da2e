import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { NO_TAIL, type ActivationTail } from '#convfuse/backend/activation.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';

import { mergedError } from '../helpers/merged-error.js';
import { planSteps } from '../helpers/plan-steps.js';
import { tensorOf } from '../helpers/run-text.js';

const CONSTANTS = `
  zero: float[] = {0}
  half: float[1] = {0.5}
  two: float[] = {2}
  three: float[1, 1, 1, 1] = {3}
  minus: float[] = {-1.25}
`;
const CONV = 'a = Conv(x, w)\n';

/** The tail of the only step. */
function tailOf(text: string): ActivationTail | undefined {
  const head = 'x: input float[1, 2, 4, 4]\nw: float[2, 2, 1, 1]\n';
  const session = Session.create(parseText(head + CONSTANTS + CONV + text), {
    backend: new ReferenceBackend('tests'),
  });
  const { steps } = session.plan({ x: tensorOf([1, 2, 4, 4]) });
  return steps.length === 1 ? steps[0]!.activation?.tail : undefined;
}

const TAILS: readonly (readonly [string, string, Partial<ActivationTail>])[] = [
  ['a factor', 'h = HardSwish(a)\ny = Mul(h, half)', { scale: 0.5 }],
  ['a factor that comes first', 'h = HardSwish(a)\ny = Mul(half, h)', { scale: 0.5 }],
  [
    'factor and shift',
    'h = HardSwish(a)\nm = Mul(h, half)\ny = Add(three, m)',
    { scale: 0.5, shift: 3 },
  ],
  [
    'shift and factor',
    'h = Sigmoid(a)\nm = Add(h, three)\ny = Mul(m, half)',
    { scale: 0.5, shift: 1.5 },
  ],
  ['a divisor', 'h = Tanh(a)\ny = Div(h, two)', { scale: 0.5 }],
  ['a difference', 'h = Tanh(a)\ny = Sub(h, two)', { shift: -2 }],
  ['what is subtracted', 'h = Tanh(a)\ny = Sub(two, h)', { scale: -1, shift: 2 }],
  ['a sum of two', 'h = Tanh(a)\ny = Sum(h, two)', { shift: 2 }],
  ['no activation before it', 'm = Mul(a, two)\ny = Add(m, three)', { scale: 2, shift: 3 }],
  ['a lower limit', 'h = LeakyRelu(a)\ny = Max(h, minus)', { low: -1.25 }],
  ['an upper limit', 'h = LeakyRelu(a)\ny = Min(two, h)', { high: 2 }],
  ['a factor and Relu', 'm = Mul(a, two)\ny = Relu(m)', { scale: 2, low: 0 }],
  [
    'limits on limits',
    'h = Tanh(a)\nr = Clip(h, zero, half)\ny = Max(r, two)',
    { low: 2, high: 2 },
  ],
  ['limits the wrong way round', 'h = Tanh(a)\ny = Clip(h, two, half)', { low: 2, high: 0.5 }],
];

for (const [name, text, expected] of TAILS) {
  test(`a tail: ${name}`, (t) => {
    t.deepEqual(tailOf(text), { ...NO_TAIL, ...expected });
    const error = mergedError(CONSTANTS, text);
    t.true(error <= 2 ** -22, `relative L2 ${error}`);
  });
}

/** What must stay a step, or begin one, behind what is merged. */
const NONE: readonly (readonly [string, string, readonly string[]])[] = [
  ['a factor per channel', 'f: float[2, 1, 1] = {1, 2}\nh = Tanh(a)\ny = Mul(h, f)', ['Mul']],
  ['a factor of higher rank', 'f: float[1, 1, 1, 1, 1] = {2}\nh = Tanh(a)\ny = Mul(h, f)', ['Mul']],
  [
    'a factor that is computed',
    'f = ReduceMax<keepdims = 0>(x)\nh = Tanh(a)\ny = Mul(h, f)',
    ['Mul'],
  ],
  ['the value itself', 'h = Tanh(a)\ny = Mul(h, h)', ['Mul']],
  ['a value that is read elsewhere', 'h = Tanh(a)\ny = Mul(h, two)\nz = Neg(h)', ['Mul', 'Neg']],
  ['a value that is an output', 'h = Tanh(a)\ny = Mul(h, two)\nh: output\ny: output', ['Mul']],
  ['a divided number', 'h = Tanh(a)\ny = Div(two, h)', ['Div']],
  ['a division by zero', 'h = Tanh(a)\ny = Div(h, zero)', ['Div']],
  ['a factor of zero', 'h = Tanh(a)\ny = Mul(h, zero)', ['Mul']],
  ['a factor below float32', 'f: float[] = {1e-39}\nh = Tanh(a)\ny = Mul(h, f)', ['Mul']],
  ['an infinite shift', 'f: float[] = {inf}\nh = Tanh(a)\ny = Add(h, f)', ['Add']],
  ['a limit that is NaN', 'f: float[] = {nan}\nh = Tanh(a)\ny = Max(h, f)', ['Max']],
  ['a factor behind a limit', 'h = Tanh(a)\nr = Max(h, minus)\ny = Mul(r, two)', ['Mul']],
  ['three operands', 'h = Tanh(a)\ny = Max(h, minus, two)', ['Max']],
];

for (const [name, text, behind] of NONE) {
  test(`no tail: ${name}`, (t) => {
    const steps = planSteps(CONSTANTS + CONV + text);
    t.deepEqual(
      steps.filter((step) => behind.includes(step)).sort(),
      [...behind].sort(),
      steps.join('; '),
    );
  });
}
