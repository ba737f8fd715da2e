// Layers on one input that must not become one, and why. The last of each is the one that differs.

import type { Kept } from '../helpers/rule-tables.js';

export const KEPT_SIBLINGS: readonly Kept[] = [
  ['other pads', 'y = Conv(x, W)\nz = Conv<pads = [1, 1, 1, 1]>(x, W2)', 'attribute'],
  ['other strides', 'y = Conv(x, W)\nz = Conv<strides = [2, 2]>(x, W2)', 'attribute'],
  ['other dilations', 'y = Conv(x, W)\nz = Conv<dilations = [2, 2]>(x, W2)', 'attribute'],
  ['another kernel', 'W2: float[4, 4, 1, 1]\ny = Conv(x, W)\nz = Conv(x, W2)', 'attribute'],
  [
    'a smaller kernel whose padding costs more than a launch',
    'x: input float[1, 4, 56, 56]\nW2: float[8, 4, 1, 1]\ny = Conv<pads = [1, 1, 1, 1]>(x, W)\nz = Conv(x, W2)\nc = Concat<axis = 1>(y, z)',
    'cost',
  ],
  [
    'a smaller kernel, and nothing that joins the outputs again',
    'x: input float[1, 4, 1, 1]\nW2: float[4, 4, 1, 1]\ny = Conv<pads = [1, 1, 1, 1]>(x, W)\nz = Conv(x, W2)',
    'cost',
  ],
  [
    'a smaller kernel, and images of unknown size',
    'x: input float[1, 4, ?, ?]\nW2: float[4, 4, 1, 1]\ny = Conv<pads = [1, 1, 1, 1]>(x, W)\nz = Conv(x, W2)\nc = Concat<axis = 1>(y, z)',
    'cost',
  ],
  [
    'a smaller kernel at places that a larger one steps over',
    'x: input float[1, 4, 1, 1]\nW2: float[4, 4, 1, 1]\ny = Conv<pads = [3, 3, 3, 3], dilations = [2, 2]>(x, W)\nz = Conv<pads = [2, 2, 2, 2]>(x, W2)',
    'attribute',
  ],
  [
    'automatic padding that depends on the size',
    'y = Conv<auto_pad = "SAME_UPPER", strides = [2, 2]>(x, W)\nz = Conv<auto_pad = "SAME_LOWER", strides = [2, 2]>(x, W2)',
    'attribute',
  ],
  ['groups', 'y = Conv<group = 2>(x, W)\nz = Conv<group = 2>(x, W2)', 'attribute'],
  [
    'depthwise layers',
    'W: float[4, 1, 3, 3]\nW2: float[4, 1, 3, 3]\ny = Conv<group = 4>(x, W)\nz = Conv<group = 4>(x, W2)',
    'attribute',
  ],
  [
    'a computed weight',
    'W2: input float[4, 4, 3, 3]\ny = Conv(x, W)\nz = Conv(x, W2)',
    'not-constant',
  ],
  [
    'an overridable weight',
    'W2: input float[4, 4, 3, 3] = random(1)\ny = Conv(x, W)\nz = Conv(x, W2)',
    'overridable-input',
  ],
  ['a pinned weight', 'W2: pinned float[4, 4, 3, 3]\ny = Conv(x, W)\nz = Conv(x, W2)', 'pinned'],
  [
    'a bias that does not fit',
    'b2: float[3]\nW2: float[4, 4, 3, 3]\ny = Conv(x, W)\nz = Conv(x, W2, b2)',
    'shape',
  ],
  [
    'a bias with a NaN, which no check can hold to a bound',
    'b2: float[1] = {nan}\nW: float[1, 1, 3, 3]\nW2: float[1, 1, 3, 3]\ny = Conv(x, W)\nz = Conv(x, W2, b2)',
    'non-finite',
  ],
  [
    'an infinite weight of a product',
    'W: float[1, 1]\nW2: float[1, 1] = {inf}\ny = MatMul(x, W)\nz = MatMul(x, W2)',
    'non-finite',
  ],
  ['an unknown attribute', 'y = Conv(x, W)\nz = Conv<unheard_of = 1>(x, W2)', 'attribute'],
  [
    'another layer of the graph around',
    'c: input bool\ny = Conv(x, W)\nq = If<then_branch = { t = Conv(x, W2) }, else_branch = { e = Relu(x) }>(c)',
    undefined,
  ],
  ['the other alpha of Gemm', 'y = Gemm(x, W)\nz = Gemm<alpha = 0.5>(x, W2)', 'attribute'],
  ['the other side of Gemm', 'y = Gemm(x, W)\nz = Gemm<transB = 1>(x, W2)', 'attribute'],
  [
    'a product of unknown rank, before opset 11',
    '<ir_version: 4, opset_import: ["": 10]>\nx: input\nW: float[4, 4]\nW2: float[4, 4]\ny = MatMul(x, W)\nz = MatMul(x, W2)',
    'shape',
  ],
];
