import { defineRule } from '../rewrite/rule.js';
import { BATCH_NORM_GUARDS } from './batch-norm.js';
import { matchBatchNormBehindProduct, rewriteBatchNormBehind } from './behind-layer.js';
import { columnsAreChannels } from './channel-path.js';
import type { FoldMatch } from './guards.js';

export const fuseBatchNormIntoGemm = defineRule<FoldMatch>({
  name: 'fuse-batch-norm-into-gemm',
  level: 'basic',
  doc: "BN(alpha A W + beta C) = A W' + C', W' = alpha W diag(s), C' = s (beta C - mean) + B",
  roots: ['BatchNormalization'],
  match: (bn) => matchBatchNormBehindProduct(bn, 'Gemm'),
  conditions: [...BATCH_NORM_GUARDS, columnsAreChannels],
  rewrite: rewriteBatchNormBehind,
  example: {
    before: 'y = Gemm<alpha = 0.5>(x, W, b)\nz = BatchNormalization(y, scale, B, mean, var)',
    after: 'z = Gemm(x, W_fused, b_fused)',
  },
});
