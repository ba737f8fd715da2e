// Split and Concat that undo each other, and how often.

import { testFused, type Fused } from '../helpers/rule-tables.js';

const X = 'x: input float[1, 4, 6, 6]\n';

const FUSED: readonly Fused[] = [
  [
    'all parts of a Split, and nothing else',
    `${X}w = Neg(x)\na, b = Split<axis = 1>(w)\ny = Concat<axis = 1>(a, b)\nz = Relu(y)`,
    'w = Neg(x)\nz = Relu(w)',
  ],
  [
    'the output of the model keeps its name',
    `${X}w = Neg(x)\na, b = Split<axis = 1>(w)\ny = Concat<axis = -3>(a, b)`,
    'y = Neg(x)',
  ],
  [
    'parts among others',
    `${X}n: int64[3] = {1, 1, 2}\na, b, c = Split<axis = 1>(x, n)\ny = Concat<axis = 1>(x, a, b, c, x)`,
    'y = Concat<axis = 1>(x, x, x)',
  ],
  [
    'two Splits of one Concat',
    `${X}a, b = Split<axis = 1>(x)\nw = Neg(x)\nc, d = Split<axis = 1>(w)\ny = Concat<axis = 1>(a, b, c, d)`,
    'w = Neg(x)\ny = Concat<axis = 1>(x, w)',
  ],
  [
    'parts as large as the pieces',
    `${X}u: input float[1, 2, 6, 6]\nn: int64[2] = {4, 2}\ny = Concat<axis = 1>(x, u)\np, q = Split<axis = 1>(y, n)\nr = Relu(p)\ns = Neg(q)\nt = Neg(p)`,
    'r = Relu(x)\ns = Neg(u)\nt = Neg(x)',
  ],
  [
    'the Concat stays for others',
    `${X}y = Concat<axis = 2>(x, x)\np, q = Split<axis = 2>(y)\nr = Relu(p)\ns = Neg(q)\nt = Neg(y)`,
    'y = Concat<axis = 2>(x, x)\nr = Relu(x)\ns = Neg(x)\nt = Neg(y)',
  ],
  [
    'a part without a name',
    `${X}u = Neg(x)\ny = Concat<axis = 1>(x, u)\n"", q = Split<axis = 1>(y)\ns = Neg(q)`,
    'u = Neg(x)\ns = Neg(u)',
  ],
  [
    'merged siblings that are joined again, in the order of the Concat',
    'z0 = Conv(x, W)\na0 = Conv(x, W2)\ny = Concat<axis = 1>(z0, a0)',
    'y = Conv(x, W_merged)',
  ],
];

testFused(FUSED, 'extended');
