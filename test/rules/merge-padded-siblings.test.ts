// Covers lib/rules/merge-padded-sibling-convs.ts: kernels of two sizes on one input, as one
// convolution, on images so small that the multiplications by zero are cheaper than a kernel.

import test from 'ava';

import { RULES } from '#convfuse/rules/index.js';

import { compareFused } from '../helpers/compare-fused.js';
import { testFused, type Fused } from '../helpers/rule-tables.js';

const FUSED: readonly Fused[] = [
  [
    '1x1 beside 3x3',
    'x: input float[1, 4, 2, 2]\nW2: float[4, 4, 1, 1]\ny = Conv<pads = [1, 1, 1, 1]>(x, W)\nz = Conv(x, W2, b2)\nc = Concat<axis = 1>(y, z)',
    'c = Conv<pads = [1, 1, 1, 1]>(x, W_merged, W_bias_merged)',
  ],
  [
    'the smaller one first, padded unevenly, other channels',
    'x: input float[1, 4, 2, 2]\nW: float[3, 4, 3, 3]\nV: float[5, 4, 1, 2]\nz = Conv<pads = [0, 0, 1, 1]>(x, V)\ny = Conv<pads = [1, 1, 2, 1]>(x, W, b)\nc = Concat<axis = 1>(z, y)',
    'c = Conv<pads = [1, 1, 2, 1]>(x, V_merged, V_bias_merged)',
  ],
  [
    'dilation and stride',
    'x: input float[1, 4, 3, 3]\nV: float[4, 4, 1, 1]\ny = Conv<pads = [2, 2, 2, 2], dilations = [2, 2], strides = [2, 2]>(x, W)\nz = Conv<strides = [2, 2]>(x, V)\nc = Concat<axis = 1>(y, z)',
    'c = Conv<pads = [2, 2, 2, 2], dilations = [2, 2], strides = [2, 2]>(x, W_merged)',
  ],
  [
    'equal ones first; the smaller of two larger kernels',
    'x: input float[1, 4, 1, 1]\nV: float[2, 4, 1, 1]\nU: float[2, 4, 1, 1]\nW: float[4, 4, 1, 2]\nT: float[8, 4, 1, 3]\na = Conv(x, V)\nb = Conv(x, U)\ny = Conv<pads = [0, 1, 0, 0]>(x, W)\nt = Conv<pads = [0, 1, 0, 1]>(x, T)\nc = Concat<axis = 1>(a, b, y, t)',
    'c = Conv<pads = [0, 1, 0, 1]>(x, V_merged_1)',
  ],
];

testFused(FUSED, 'extended');

test('the report has the numbers of the cost model', (t) => {
  const { sites } = compareFused(FUSED[0]![1], RULES, { level: 'extended' });
  const { detail } = sites.find(({ rule }) => rule === 'merge-padded-sibling-convs')!;
  t.regex(detail!, /MACs, \d+ bytes, 1 kernel\) instead of .* us \(\d+ MACs, .*3 kernels\)$/);
});
