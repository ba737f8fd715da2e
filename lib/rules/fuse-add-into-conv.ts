import { shifting } from '../fold/batch-norm.js';
import { defineRule, type Condition } from '../rewrite/rule.js';
import { rewriteBehind } from './behind-layer.js';
import {
  CONSTANT_GUARDS,
  matchConstantBehind,
  readPerChannel,
  type ConstantMatch,
} from './channel-constant.js';

const hasBias: Condition<ConstantMatch> = {
  name: 'has-bias',
  doc: 'The layer can have a bias: a MatMul cannot.',
  check({ layer }) {
    if (!layer.is('MatMul')) return undefined;
    return { reason: 'pattern', detail: `MatMul ${layer.label} has no bias` };
  },
};

export const fuseAddIntoConv = defineRule<ConstantMatch>({
  name: 'fuse-add-into-conv',
  level: 'basic',
  doc: 'Conv(x, W, b) + c = Conv(x, W, b + c); - c for Sub, and c - Conv(x, W, b) = Conv(x, -W, c - b); ConvTranspose, Gemm alike',
  roots: ['Add', 'Sub'],
  match: matchConstantBehind,
  conditions: [...CONSTANT_GUARDS, hasBias],
  rewrite(match, edit, facts) {
    const c = readPerChannel(match);
    const negated = match.norm.opType === 'Sub';
    const flipped = negated && match.constantIndex === 0;
    const shift = negated && !flipped ? c.map((value) => -value) : c;
    return rewriteBehind(match, shifting(shift, flipped ? -1 : 1), edit, facts);
  },
  example: {
    before: 'c: float[4, 1, 1]\ny = Conv(x, W, b)\nz = Add(y, c)',
    after: 'z = Conv(x, W, b_fused)',
  },
});
