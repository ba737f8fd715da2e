// Split and Concat that must stay, and why. The last site of each is the one that is meant.

import type { Kept } from '../helpers/rule-tables.js';

const X = 'x: input float[1, 4, 6, 6]\n';
const SPLIT = `${X}a, b = Split<axis = 1>(x)\n`;
const CONCAT = `${X}a = Relu(x)\nb = Neg(x)\ny = Concat<axis = 1>(a, b)\n`;

export const KEPT_JOINS: readonly Kept[] = [
  ['parts in another order', `${SPLIT}y = Concat<axis = 1>(b, a)\nz = Relu(y)`, 'pattern'],
  ['a part left out', `${SPLIT}y = Concat<axis = 1>(a, a)\nz = Relu(y)\nw = Neg(b)`, 'pattern'],
  ['joined on another axis', `${SPLIT}y = Concat<axis = 2>(a, b)\nz = Relu(y)`, 'attribute'],
  [
    'an axis from the end that is another one',
    `${SPLIT}y = Concat<axis = -1>(a, b)\nz = Relu(y)`,
    'attribute',
  ],
  [
    'a part that others read',
    `${SPLIT}y = Concat<axis = 1>(a, b)\nz = Relu(y)\nw = Neg(b)`,
    'multi-consumer',
  ],
  [
    'a part that a branch reads',
    `c: input bool\n${SPLIT}y = Concat<axis = 1>(a, b)\nz = Relu(y)\nq = If<then_branch = { t = Relu(b) }, else_branch = { e = Neg(x) }>(c)`,
    'multi-consumer',
  ],
  [
    'a part that is an output',
    `b: output\nz: output\n${SPLIT}y = Concat<axis = 1>(a, b)\nz = Relu(y)`,
    'graph-output',
  ],
  ['a pinned part', `b: pinned\n${SPLIT}y = Concat<axis = 1>(a, b)\nz = Relu(y)`, 'pinned'],
  ['a pinned whole', `y: pinned\n${SPLIT}y = Concat<axis = 1>(a, b)\nz = Relu(y)`, 'pinned'],
  [
    'an input of the model that would have to be its output',
    `${SPLIT}y = Concat<axis = 1>(a, b)`,
    'graph-output',
  ],
  [
    'an unknown attribute of Split',
    `${X}a, b = Split<axis = 1, unheard_of = 1>(x)\ny = Concat<axis = 1>(a, b)\nz = Relu(y)`,
    'attribute',
  ],
  [
    'a Concat in a branch',
    `c: input bool\n${SPLIT}q = If<then_branch = { t = Concat<axis = 1>(a, b) }, else_branch = { e = Neg(x) }>(c)`,
    'pattern',
  ],
  ['another number of parts', `${CONCAT}p, q, r, s = Split<axis = 1>(y)`, 'pattern'],
  [
    'parts of other sizes',
    `n: int64[2] = {3, 5}\n${CONCAT}p, q = Split<axis = 1>(y, n)\nr = Relu(p)\ns = Relu(q)`,
    'shape',
  ],
  [
    'parts of unknown size',
    'a: input float[1, ?, 6, 6]\nb: input float[1, 4, 6, 6]\ny = Concat<axis = 1>(a, b)\np, q = Split<axis = 1>(y)\nr = Relu(p)\ns = Relu(q)',
    'shape',
  ],
  [
    'split on another axis',
    `${CONCAT}p, q = Split<axis = 2>(y)\nr = Relu(p)\ns = Relu(q)`,
    'attribute',
  ],
  [
    'a piece that is an output',
    `p: output\nr: output\n${CONCAT}p, q = Split<axis = 1>(y)\nr = Relu(q)`,
    'graph-output',
  ],
  [
    'a pinned piece',
    `p: pinned\n${CONCAT}p, q = Split<axis = 1>(y)\nr = Relu(p)\ns = Relu(q)`,
    'pinned',
  ],
  [
    'a Split in a branch',
    `c: input bool\n${CONCAT}w = If<then_branch = { p, q = Split<axis = 1>(y); t = Add(p, q) }, else_branch = { e = Neg(x) }>(c)`,
    'pattern',
  ],
  [
    'a name that means something else where the whole is read',
    `c: input bool\n${X}w = Neg(x)\na, b = Split<axis = 1>(w)\ny = Concat<axis = 1>(a, b)\nq = If<then_branch = { w = Relu(x); t = Add(y, w) }, else_branch = { e = Neg(x) }>(c)`,
    'pattern',
  ],
  [
    'a name that means something else where a piece is read',
    `c: input bool\n${CONCAT}p, q = Split<axis = 1>(y)\nw = If<then_branch = { a = Relu(x); t = Add(p, a) }, else_branch = { e = Neg(x) }>(c)\ns = Relu(q)`,
    'pattern',
  ],
];
