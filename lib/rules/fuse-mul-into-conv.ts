import { defineRule } from '../rewrite/rule.js';
import { rewriteBehind } from './behind-layer.js';
import { mulMap, notDivisor, type ConstantMatch } from './channel-constant.js';
import { BEHIND_CONSTANT_GUARDS, matchConstantBehind } from './constant-beside-layer.js';

export const fuseMulIntoConv = defineRule<ConstantMatch>({
  name: 'fuse-mul-into-conv',
  level: 'basic',
  doc: "c Conv(x, W, b) = Conv(x, W', b'), W' = diag(c) W, b' = c b; 1 / c for Div, -1 for Neg; ConvTranspose, Gemm, MatMul alike",
  roots: ['Mul', 'Div', 'Neg'],
  match: matchConstantBehind,
  conditions: [...BEHIND_CONSTANT_GUARDS, notDivisor],
  rewrite: (match, edit, facts) => rewriteBehind(match, mulMap(match), edit, facts),
  example: {
    before: 'c: float[4, 1, 1]\ny = Conv(x, W, b)\nz = Mul(y, c)',
    after: 'z = Conv(x, W_fused, b_fused)',
  },
});
