import test from 'ava';

import { planSteps } from '../helpers/plan-steps.js';
import { mergedError } from '../helpers/merged-error.js';

const CONSTANTS = `
  half: float[] = {0.5}
  one: float[] = {1}
  minus: float[] = {-1}
  two: float[] = {2}
  three: float[] = {3}
  six: float[] = {6}
  sixth: float[] = {0.16666667}
  zero: float[] = {0}
  root2: float[] = {1.4142135}
  inverse: float[] = {0.70710677}
  cubic: float[] = {0.044715}
  outer: float[] = {0.7978846}
`;

/** Spellings of each activation of `a`, as exporters and people write them. */
const FORMS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  silu: [
    ['x * Sigmoid(x)', 's = Sigmoid(a)\ny = Mul(a, s)'],
    ['Sigmoid(x) * x', 's = Sigmoid(a)\ny = Mul(s, a)'],
    ['x / (1 + Exp(-x))', 'n = Neg(a)\ne = Exp(n)\nd = Add(e, one)\ny = Div(a, d)'],
  ],
  'hard-swish': [
    ['HardSigmoid', 'h = HardSigmoid<alpha = 0.16666667>(a)\ny = Mul(h, a)'],
    [
      'Add, Clip, Mul, Div',
      'p = Add(a, three)\nc = Clip(p, zero, six)\nm = Mul(a, c)\ny = Div(m, six)',
    ],
    [
      'Add, Clip, Div, Mul',
      'p = Add(three, a)\nc = Clip(p, zero, six)\nd = Div(c, six)\ny = Mul(d, a)',
    ],
    ['Mul by 1/6', 'p = Add(a, three)\nc = Clip(p, zero, six)\nm = Mul(c, a)\ny = Mul(m, sixth)'],
    ['1/6 first', 'p = Add(a, three)\nc = Clip(p, zero, six)\ns = Mul(sixth, c)\ny = Mul(a, s)'],
    ['Clip to 1', 's = Mul(a, sixth)\np = Add(s, half)\nc = Clip(p, zero, one)\ny = Mul(a, c)'],
  ],
  'hard-sigmoid': [
    ['Add, Clip, Div', 'p = Add(a, three)\nc = Clip(p, zero, six)\ny = Div(c, six)'],
    ['Add, Clip, Mul', 'p = Add(a, three)\nc = Clip(p, zero, six)\ny = Mul(c, sixth)'],
  ],
  gelu: [
    [
      'Div by the root',
      'd = Div(a, root2)\ne = Erf(d)\np = Add(e, one)\nm = Mul(a, p)\ny = Mul(m, half)',
    ],
    [
      'Mul by its inverse',
      'd = Mul(a, inverse)\ne = Erf(d)\np = Add(one, e)\nm = Mul(p, a)\ny = Mul(half, m)',
    ],
    [
      'half x first',
      'h = Mul(a, half)\nd = Div(a, root2)\ne = Erf(d)\np = Add(e, one)\ny = Mul(h, p)',
    ],
    [
      'half the sum',
      'd = Div(a, root2)\ne = Erf(d)\np = Add(e, one)\nh = Mul(p, half)\ny = Mul(a, h)',
    ],
    ['by 2', 'd = Div(a, root2)\ne = Erf(d)\np = Add(e, one)\nm = Mul(a, p)\ny = Div(m, two)'],
    [
      'Sqrt of 2',
      'r = Sqrt(two)\nd = Div(a, r)\ne = Erf(d)\np = Add(e, one)\nm = Mul(a, p)\ny = Mul(m, half)',
    ],
    [
      'multiplied out',
      'd = Div(a, root2)\ne = Erf(d)\nh = Mul(a, half)\nm = Mul(h, e)\ny = Add(h, m)',
    ],
    [
      'five digits',
      'r: float[] = {1.4142}\nd = Div(a, r)\ne = Erf(d)\np = Add(e, one)\nm = Mul(a, p)\ny = Mul(m, half)',
    ],
  ],
  'gelu-tanh': [
    [
      'Pow',
      'q = Pow(a, three)\nk = Mul(q, cubic)\ns = Add(a, k)\no = Mul(s, outer)\nt = Tanh(o)\np = Add(t, one)\nm = Mul(a, p)\ny = Mul(m, half)',
    ],
    [
      'x * x * x',
      's2 = Mul(a, a)\ns3 = Mul(s2, a)\nk = Mul(cubic, s3)\ns = Add(k, a)\no = Mul(outer, s)\nt = Tanh(o)\np = Add(one, t)\nh = Mul(half, a)\ny = Mul(h, p)',
    ],
    [
      'x (1 + c x^2)',
      's2 = Mul(a, a)\nk = Mul(cubic, s2)\ni = Add(k, one)\nb = Mul(a, outer)\no = Mul(b, i)\nt = Tanh(o)\np = Add(t, one)\nh = Mul(a, half)\ny = Mul(h, p)',
    ],
  ],
  mish: [
    ['Softplus', 's = Softplus(a)\nt = Tanh(s)\ny = Mul(a, t)'],
    ['operands turned', 's = Softplus(a)\nt = Tanh(s)\ny = Mul(t, a)'],
    ['Log(1 + Exp(x))', 'e = Exp(a)\np = Add(e, one)\ns = Log(p)\nt = Tanh(s)\ny = Mul(a, t)'],
  ],
};

const CONV = 'a = Conv(x, w)\n';

for (const [kind, forms] of Object.entries(FORMS)) {
  for (const [name, text] of forms) {
    test(`${kind}: ${name}`, (t) => {
      const merged = planSteps(CONSTANTS + CONV + text);
      t.is(merged.length, 1);
      t.regex(merged[0]!, new RegExp(`^Conv .* = ${kind}$`));
      const error = mergedError(CONSTANTS, text);
      t.true(error <= 1e-5, `relative L2 ${error}`);
    });
  }
}

test('operators of their own', (t) => {
  const single = (text: string): string[] => planSteps(CONV + text, { opset: 24 });
  t.deepEqual(single('y = Gelu(a)'), ['Conv + Gelu = gelu']);
  t.deepEqual(single('y = Gelu<approximate = "tanh">(a)'), ['Conv + Gelu = gelu-tanh']);
  t.deepEqual(single('y = Mish(a)'), ['Conv + Mish = mish']);
  t.deepEqual(single('y = HardSwish(a)'), ['Conv + HardSwish = hard-swish']);
  t.deepEqual(single('y = Swish(a)'), ['Conv + Swish = silu']);
});

/** Each is a form above with one thing wrong. */
const NEAR_MISSES: readonly (readonly [string, string])[] = [
  ['a gate of 1.702 x', 'q: float[] = {1.702}\nb = Mul(a, q)\ns = Sigmoid(b)\ny = Mul(a, s)'],
  ['the gate of another value', 's = Sigmoid(a)\ny = Mul(x, s)'],
  ['a wrong slope', 'h = HardSigmoid<alpha = 0.2>(a)\ny = Mul(h, a)'],
  ['+ 2', 'p = Add(a, two)\nc = Clip(p, zero, six)\nm = Mul(a, c)\ny = Div(m, six)'],
  ['- 3', 'p = Sub(a, three)\nc = Clip(p, zero, six)\nm = Mul(a, c)\ny = Div(m, six)'],
  ['a limit of 3', 'p = Add(a, three)\nc = Clip(p, zero, three)\nm = Mul(a, c)\ny = Div(m, six)'],
  ['no upper limit', 'p = Add(a, three)\nc = Clip(p, zero)\nm = Mul(a, c)\ny = Div(m, six)'],
  ['by 3', 'p = Add(a, three)\nc = Clip(p, zero, six)\nm = Mul(a, c)\ny = Div(m, three)'],
  ['6 / product', 'p = Add(a, three)\nc = Clip(p, zero, six)\nm = Mul(a, c)\ny = Div(six, m)'],
  ['limits turned', 'p = Add(a, three)\nc = Clip(p, six, zero)\nm = Mul(a, c)\ny = Div(m, six)'],
  ['erf of x', 'e = Erf(a)\np = Add(e, one)\nm = Mul(a, p)\ny = Mul(m, half)'],
  ['erf - 1', 'd = Div(a, root2)\ne = Erf(d)\np = Sub(e, one)\nm = Mul(a, p)\ny = Mul(m, half)'],
  ['no half', 'd = Div(a, root2)\ne = Erf(d)\np = Add(e, one)\ny = Mul(a, p)'],
  [
    'a root of three digits',
    'r: float[] = {1.41}\nd = Div(a, r)\ne = Erf(d)\np = Add(e, one)\nm = Mul(a, p)\ny = Mul(m, half)',
  ],
  [
    'a factor per channel',
    'f: float[2, 1, 1] = {0.5, 0.5}\nd = Div(a, root2)\ne = Erf(d)\np = Add(e, one)\nm = Mul(a, p)\ny = Mul(m, f)',
  ],
  [
    'a factor of higher rank',
    'f: float[1, 1, 1, 1, 1] = {0.5}\nd = Div(a, root2)\ne = Erf(d)\np = Add(e, one)\nm = Mul(a, p)\ny = Mul(m, f)',
  ],
  [
    'a factor that is no constant',
    'f = ReduceMax<keepdims = 0>(x)\nd = Div(a, root2)\ne = Erf(d)\np = Add(e, one)\nm = Mul(a, p)\ny = Mul(m, f)',
  ],
  [
    'x^2 for x^3',
    'q = Pow(a, two)\nk = Mul(q, cubic)\ns = Add(a, k)\no = Mul(s, outer)\nt = Tanh(o)\np = Add(t, one)\nm = Mul(a, p)\ny = Mul(m, half)',
  ],
  [
    'a cubic coefficient of 0.0447',
    'q = Pow(a, three)\nc: float[] = {0.0447}\nk = Mul(q, c)\ns = Add(a, k)\no = Mul(s, outer)\nt = Tanh(o)\np = Add(t, one)\nm = Mul(a, p)\ny = Mul(m, half)',
  ],
  ['Tanh without Softplus', 't = Tanh(a)\ny = Mul(a, t)'],
  ['Softplus of Tanh', 't = Tanh(a)\ns = Softplus(t)\ny = Mul(a, s)'],
  [
    'an inner value that is read elsewhere',
    's = Softplus(a)\nt = Tanh(s)\ny = Mul(a, t)\nz = Neg(s)',
  ],
  ['an inner value that is an output', 's = Sigmoid(a)\ny = Mul(a, s)\ns: output\ny: output'],
  ['the input read elsewhere', 's = Sigmoid(a)\ny = Mul(a, s)\nz = Neg(a)'],
  [
    'an inner value that a body reads',
    'c: bool[] = {1}\ns = Sigmoid(a)\ny = Mul(a, s)\nz = If<then_branch = { p = Neg(s) }, else_branch = { q = Abs(s) }>(c)',
  ],
  ['another domain', 's = Sigmoid(a)\ny = Mul(a, s)'.replace('Sigmoid', 'com.other.Sigmoid')],
];

for (const [name, text] of NEAR_MISSES) {
  test(`no activation: ${name}`, (t) => {
    if (text.includes('com.other')) {
      t.throws(() => planSteps(CONSTANTS + CONV + text), { code: 'ERR_UNSUPPORTED' });
      return;
    }
    const gates = /silu|hard-swish|gelu|mish|= hard-sigmoid/;
    t.deepEqual(
      planSteps(CONSTANTS + CONV + text).filter((step) => gates.test(step)),
      [],
    );
  });
}

test('numbers of 16 bits have their own tolerance', (t) => {
  const form = (type: string, root: string): string =>
    `r: ${type}[] = {${root}}\nh: ${type}[] = {0.5}\no: ${type}[] = {1}\n` +
    'd = Div(a, r)\ne = Erf(d)\np = Add(e, o)\nm = Mul(a, p)\ny = Mul(m, h)';
  const steps = (type: string, root: string): number =>
    planSteps(
      `v: ${type}[2, 2, 1, 1]\nb = Cast<to = ${type === 'float16' ? 10 : 1}>(x)\na = Conv(b, v)\n` +
        form(type, root),
    ).length;
  t.is(steps('float16', '1.414'), 2);
  t.is(steps('float', '1.414'), 6);
  t.is(steps('float16', '1.41'), 6);
});
