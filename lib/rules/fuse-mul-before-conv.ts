import { defineRule } from '../rewrite/rule.js';
import { rewriteBefore, type BeforeMatch } from './before-layer.js';
import { mulMap, notActivation, notDivisor, type ConstantMatch } from './channel-constant.js';
import { BEFORE_CONSTANT_GUARDS, matchConstantBefore } from './constant-beside-layer.js';

export const fuseMulBeforeConv = defineRule<ConstantMatch & BeforeMatch>({
  name: 'fuse-mul-before-conv',
  level: 'basic',
  doc: "Conv(c x, W, b) = Conv(x, W', b), W' = W diag(c); 1 / c for Div, -1 for Neg; ConvTranspose, Gemm, MatMul alike, these two through Flatten too",
  roots: ['Mul', 'Div', 'Neg'],
  match: matchConstantBefore,
  conditions: [...BEFORE_CONSTANT_GUARDS, notDivisor, notActivation],
  rewrite: (match, edit, facts) => rewriteBefore(match, mulMap(match), edit, facts),
  example: {
    before: 'x: input float[1, 4, 8, 8]\nc: float[4, 1, 1]\ny = Mul(x, c)\nz = Conv(y, W, b)',
    after: 'z = Conv(x, W_fused, b_fused)',
  },
});
