import { defineRule } from '../rewrite/rule.js';
import { BATCH_NORM_GUARDS } from './batch-norm.js';
import { matchBatchNormBehind, rewriteBatchNormBehind } from './behind-layer.js';
import type { FoldMatch } from './guards.js';

export const fuseBatchNormIntoConv = defineRule<FoldMatch>({
  name: 'fuse-batch-norm-into-conv',
  level: 'basic',
  doc: "BN(Conv(x, W, b)) = Conv(x, W', b'), s = scale / sqrt(var + epsilon), W' = diag(s) W, b' = s (b - mean) + B",
  roots: ['BatchNormalization'],
  match: (bn) => matchBatchNormBehind(bn, 'Conv'),
  conditions: BATCH_NORM_GUARDS,
  rewrite: rewriteBatchNormBehind,
  example: {
    before: 'y = Conv(x, W)\nz = BatchNormalization(y, scale, B, mean, var)',
    after: 'z = Conv(x, W_fused, W_bias)',
  },
});
