import { defineRule } from '../rewrite/rule.js';
import { BATCH_NORM_GUARDS } from './batch-norm.js';
import { matchBatchNormBehind, rewriteBatchNormBehind } from './behind-layer.js';
import type { FoldMatch } from './guards.js';

/** The weight is [C, M/group, ...]: output channel m is in group m / (M/group). */
export const fuseBatchNormIntoConvTranspose = defineRule<FoldMatch>({
  name: 'fuse-batch-norm-into-conv-transpose',
  level: 'basic',
  doc: "BN(ConvTranspose(x, W, b)) = ConvTranspose(x, W', b'), W'[i, j] = s[m] W[i, j] for output channel m = group(i) M/group + j",
  roots: ['BatchNormalization'],
  match: (bn) => matchBatchNormBehind(bn, 'ConvTranspose'),
  conditions: BATCH_NORM_GUARDS,
  rewrite: rewriteBatchNormBehind,
  example: {
    before: 'y = ConvTranspose<group = 2>(x, W, b)\nz = BatchNormalization(y, scale, B, mean, var)',
    after: 'z = ConvTranspose<group = 2>(x, W_fused, b_fused)',
  },
});
