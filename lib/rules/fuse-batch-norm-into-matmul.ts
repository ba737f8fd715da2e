import { defineRule } from '../rewrite/rule.js';
import { BATCH_NORM_GUARDS } from './batch-norm.js';
import { matchBatchNormBehindProduct, rewriteBatchNormBehind } from './behind-layer.js';
import { biasHasPlace, columnsAreChannels } from './channel-path.js';
import type { FoldMatch } from './guards.js';

/** MatMul has no bias: a Gemm of the same name replaces it. */
export const fuseBatchNormIntoMatMul = defineRule<FoldMatch>({
  name: 'fuse-batch-norm-into-matmul',
  level: 'basic',
  doc: "BN(A W) = Gemm(A, W', b') for a matrix A, W' = W diag(s), b' = s (0 - mean) + B; of any rank where an Add behind it takes b'",
  roots: ['BatchNormalization'],
  match: (bn) => matchBatchNormBehindProduct(bn, 'MatMul'),
  conditions: [...BATCH_NORM_GUARDS, columnsAreChannels, biasHasPlace],
  rewrite: rewriteBatchNormBehind,
  example: {
    before:
      'x: input float[N, 5]\ny = MatMul(x, W)\nz = BatchNormalization(y, scale, B, mean, var)',
    after: 'z = Gemm(x, W_fused, W_bias)',
  },
});
