import { defineRule } from '../rewrite/rule.js';
import { rewriteBefore, type BeforeMatch } from './before-layer.js';
import { addMap, type ConstantMatch } from './channel-constant.js';
import { BEFORE_CONSTANT_GUARDS, matchConstantBefore } from './constant-beside-layer.js';

export const fuseAddBeforeConv = defineRule<ConstantMatch & BeforeMatch>({
  name: 'fuse-add-before-conv',
  level: 'basic',
  doc: "Conv(x + c, W, b) = Conv(x, W, b'), b' = b + sum W c, without padding; - c for Sub, c + d for Sum, and Conv(c - x, W, b) = Conv(x, -W, b'); Gemm, MatMul alike, these two through Flatten too",
  roots: ['Add', 'Sub', 'Sum'],
  match: matchConstantBefore,
  conditions: BEFORE_CONSTANT_GUARDS,
  rewrite: (match, edit, facts) => rewriteBefore(match, addMap(match), edit, facts),
  example: {
    before: 'x: input float[1, 4, 8, 8]\nc: float[4, 1, 1]\ny = Add(x, c)\nz = Conv(y, W, b)',
    after: 'z = Conv(x, W, b_fused)',
  },
});
