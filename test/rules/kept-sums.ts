// Branches of a sum, and convolutions in a row, that must not become one, and why. Where no sum is
// in question, the last site is that of siblings with other kernels, which do not pay here.

import type { Kept } from '../helpers/rule-tables.js';

const BN = 'BatchNormalization';
const PAD1 = 'pads = [1, 1, 1, 1]';
const POINT = 'W2: float[4, 4, 1, 1]';
const POOL = 'AveragePool<kernel_shape = [3, 3]';
const WIDE = `a = Conv<${PAD1}>(x, W)`;

/** A 3x3 with pads, and another branch. */
const beside = (branch: string, sum = 'y = Add(a, p)'): string =>
  `${POINT}\n${WIDE}\n${branch}\n${sum}`;

const SUMS: readonly Kept[] = [
  ['a branch that others read', beside('p = Conv(x, W2)\nr = Relu(p)'), 'multi-consumer'],
  [
    'a branch that a nested graph reads',
    beside(
      'c: input bool\np = Conv(x, W2)\nq = If<then_branch = { t = Relu(p) }, else_branch = { e = Relu(x) }>(c)',
    ),
    'multi-consumer',
  ],
  [
    'a branch that is twice in the sum',
    beside('p = Conv(x, W2)', 'y = Sum(a, p, p)'),
    'multi-consumer',
  ],
  ['a branch that is an output', beside('p: output\np = Conv(x, W2)'), 'graph-output'],
  ['a pinned branch', beside('p: pinned\np = Conv(x, W2)'), 'pinned'],
  [
    'a computed weight',
    `W2: input float[4, 4, 1, 1]\n${WIDE}\np = Conv(x, W2)\ny = Add(a, p)`,
    'not-constant',
  ],
  [
    'an overridable weight',
    `W2: input float[4, 4, 1, 1] = random(1)\n${WIDE}\np = Conv(x, W2)\ny = Add(a, p)`,
    'overridable-input',
  ],
  ['an unknown attribute', beside('p = Conv<unheard_of = 1>(x, W2)'), 'attribute'],
  [
    'weights of another type',
    `W2: double[4, 4, 1, 1]\n${WIDE}\np = Conv(x, W2)\ny = Add(a, p)`,
    'dtype',
  ],
  ['a bias that does not fit', beside('b2: float[3]\np = Conv(x, W2, b2)'), 'shape'],
  [
    'a batch norm that learns',
    beside(`p = ${BN}<training_mode = 1>(x, g, b, m, v)`),
    'training-mode',
  ],
  [
    'a batch norm of other channels',
    beside(`g: float[1]\nb: float[1]\nm: float[1]\nv: float[1]\np = ${BN}(x, g, b, m, v)`),
    'shape',
  ],
  [
    'a batch norm of a variance below zero',
    beside(`v: float[4] = fill(-1)\np = ${BN}(x, g, b, m, v)`),
    'non-finite',
  ],
  [
    'the input, of other channels than the output',
    `W: float[1, 4, 3, 3]\n${WIDE}\ny = Add(a, x)`,
    'attribute',
  ],
  [
    'one channel for all',
    `W2: float[1, 4, 1, 1]\n${WIDE}\np = Conv(x, W2)\ny = Add(a, p)`,
    'attribute',
  ],
  [
    'sizes of which one is broadcast',
    `x: input float[1, 4, 3, 3]\n${POINT}\na = Conv(x, W)\np = Conv(x, W2)\ny = Add(a, p)`,
    'attribute',
  ],
  [
    'other strides',
    `x: input float[1, 4, 1, 1]\n${POINT}\n${WIDE}\np = Conv<strides = [2, 2]>(x, W2)\ny = Add(a, p)`,
    'attribute',
  ],
  [
    'automatic pads that depend on the size',
    `a = Conv<auto_pad = "SAME_UPPER", strides = [2, 2]>(x, W)
b = Conv<${PAD1}, strides = [2, 2]>(x, W3)
y = Add(a, b)`,
    'padding',
  ],
  [
    'negative pads',
    `a = Conv<pads = [-1, -1, -1, -1]>(x, W)\np = Conv<pads = [-2, -2, -2, -2]>(x, W2)\ny = Add(a, p)\n${POINT}`,
    'padding',
  ],
  ['an average that does not count its pads', beside(`p = ${POOL}, ${PAD1}>(x)`), 'padding'],
  [
    'an average that is too old to count them',
    `<ir_version: 3, opset_import: ["": 6]>\n${WIDE}\np = ${POOL}, ${PAD1}, count_include_pad = 1>(x)\ny = Sum(a, p)`,
    'padding',
  ],
  [
    'an average of a partial window',
    beside(`p = ${POOL}, ceil_mode = 1, ${PAD1}, count_include_pad = 1>(x)`),
    'attribute',
  ],
  ['an average without a kernel', beside('p = AveragePool(x)'), 'shape'],
  [
    'a bias in front of the pads of an average',
    beside(`q = Conv(x, W2, b2)\np = ${POOL}, ${PAD1}, count_include_pad = 1>(q)`),
    'padding',
  ],
  [
    'two kernels in a row',
    `q = Conv<pads = [2, 2, 2, 2]>(x, W3)\n${beside('p = Conv(q, W4)')}`,
    'attribute',
  ],
  [
    'kernels that would make a larger one',
    `x: input float[1, 64, 8, 8]
H: float[64, 64, 1, 7]
V: float[64, 64, 7, 1]
h = Conv<pads = [0, 3, 0, 3]>(x, H)
v = Conv<pads = [3, 0, 3, 0]>(x, V)
y = Add(h, v)`,
    'cost',
  ],
  [
    'sums beyond the largest number',
    `W: float[4, 4, 3, 3] = fill(3e38)\nW2: float[4, 4, 1, 1] = fill(3e38)\n${WIDE}\np = Conv(x, W2)\ny = Add(a, p)`,
    'non-finite',
  ],
  [
    'a weight that is not finite',
    `W2: float[4, 4, 1, 1] = fill(inf)\n${WIDE}\np = Conv(x, W2)\ny = Add(a, p)`,
    'non-finite',
  ],
  [
    'nothing but batch norms',
    `p = ${BN}(x, g, b, m, v)\nq = ${BN}(x, g, b, m, v)\ny = Add(p, q)`,
    'pattern',
  ],
  ['a difference', beside('p = Conv(x, W2)', 'y = Sub(a, p)'), 'cost'],
  [
    'a sum in a body of branches outside',
    beside(
      'c: input bool\np = Conv(x, W2)',
      'y = If<then_branch = { t = Add(a, p) }, else_branch = { e = Relu(x) }>(c)',
    ),
    'pattern',
  ],
];

const ONE = 'Constant<value = float[1, 1, 1, 1] {1}>()';

const BOUND: readonly Kept[] = [
  [
    'an attribute of the function around',
    `function local.f { W = ${ONE}; W2 = ${ONE}; a = Conv<group = @g>(x, W); p = Conv<strides = [1, 1]>(x, W2); y = Add(a, p) }
x: input float[1, 1, 4, 4]
y = local.f<g = 1>(x)`,
    'attribute',
  ],
  [
    'an attribute of the function around one of two in a row',
    `function local.f { W = ${ONE}; W2 = ${ONE}; a = Conv<group = @g>(x, W); y = Conv(a, W2) }
x: input float[1, 1, 4, 4]
y = local.f<g = 1>(x)`,
    'attribute',
  ],
];

const SEQUENCES: readonly Kept[] = [
  [
    'a bias in front of pads',
    `W: float[4, 4, 1, 1]\na = Conv(x, W, b)\ny = Conv<${PAD1}>(a, W2)`,
    'padding',
  ],
  [
    'a kernel, and a 1x1 with pads',
    `${POINT}\na = Conv(x, W, b)\ny = Conv<${PAD1}>(a, W2)`,
    'attribute',
  ],
  ['two kernels', 'a = Conv(x, W)\ny = Conv(a, W2)', 'attribute'],
  [
    'a middle that others read',
    `${POINT}\na = Conv(x, W)\ny = Conv(a, W2)\nr = Relu(a)`,
    'multi-consumer',
  ],
  [
    'a middle that is an output',
    `${POINT}\na: output\na = Conv(x, W)\ny = Conv(a, W2)`,
    'graph-output',
  ],
  ['a middle of other channels', `W2: float[4, 3, 1, 1]\na = Conv(x, W)\ny = Conv(a, W2)`, 'shape'],
  [
    'a narrow middle',
    `x: input float[1, 64, 8, 8]\nW: float[8, 64, 1, 1]\nW2: float[64, 8, 1, 1]\na = Conv(x, W)\ny = Conv(a, W2)`,
    'cost',
  ],
  [
    'depthwise, then 1x1',
    `x: input float[1, 64, 8, 8]\nW: float[64, 1, 3, 3]\nW2: float[64, 64, 1, 1]\na = Conv<group = 64>(x, W)\ny = Conv(a, W2)`,
    'cost',
  ],
  [
    'products below the smallest number',
    `W: float[4, 4, 1, 1] = fill(1e-30)\nW2: float[4, 4, 1, 1] = fill(1e-15)\na = Conv(x, W)\ny = Conv(a, W2)`,
    'precision-loss',
  ],
  [
    'products beyond the largest number',
    `W: float[4, 4, 1, 1] = fill(1e20)\nW2: float[4, 4, 1, 1] = fill(1e20)\na = Conv(x, W)\ny = Conv(a, W2)`,
    'non-finite',
  ],
];

export const KEPT_SUMS: readonly Kept[] = [
  ...[...SUMS, ...BOUND].map(([name, ...rest]): Kept => [`sum: ${name}`, ...rest]),
  ...SEQUENCES.map(([name, ...rest]): Kept => [`row: ${name}`, ...rest]),
];
