import { scaling } from '../fold/batch-norm.js';
import { defineRule, type Condition } from '../rewrite/rule.js';
import { rewriteBehind } from './behind-layer.js';
import {
  CONSTANT_GUARDS,
  matchConstantBehind,
  readPerChannel,
  type ConstantMatch,
} from './channel-constant.js';

const notDivisor: Condition<ConstantMatch> = {
  name: 'not-divisor',
  doc: 'The layer is divided by the constant, not the constant by the layer.',
  check({ norm, constantIndex }) {
    if (norm.opType !== 'Div' || constantIndex === 1) return undefined;
    return { reason: 'pattern', detail: `${norm.label} divides by the output of a layer` };
  },
};

export const fuseMulIntoConv = defineRule<ConstantMatch>({
  name: 'fuse-mul-into-conv',
  level: 'basic',
  doc: "c Conv(x, W, b) = Conv(x, W', b'), W' = diag(c) W, b' = c b; 1 / c for Div; ConvTranspose, Gemm, MatMul alike",
  roots: ['Mul', 'Div'],
  match: matchConstantBehind,
  conditions: [...CONSTANT_GUARDS, notDivisor],
  rewrite(match, edit, facts) {
    const factors = readPerChannel(match);
    const scale = match.norm.opType === 'Div' ? factors.map((c) => 1 / c) : factors;
    return rewriteBehind(match, scaling(scale), edit, facts);
  },
  example: {
    before: 'c: float[4, 1, 1]\ny = Conv(x, W, b)\nz = Mul(y, c)',
    after: 'z = Conv(x, W_fused, b_fused)',
  },
});
