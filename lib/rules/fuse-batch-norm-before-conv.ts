import { defineRule } from '../rewrite/rule.js';
import { batchNormParameters, readStatistics } from './batch-norm.js';
import {
  BEFORE_GUARDS,
  beforeLayer,
  rewriteBefore,
  statisticsPerInput,
  type BeforeMatch,
} from './before-layer.js';
import { withFoldAdds } from './fold-adds.js';

export const fuseBatchNormBeforeConv = defineRule<BeforeMatch>({
  name: 'fuse-batch-norm-before-conv',
  level: 'basic',
  doc: "Conv(BN(x), W, b) = Conv(x, W', b'), W' = W diag(s), b' = b + sum W (B - s mean); without padding, or B = s mean; ConvTranspose, Gemm, MatMul alike, these two through Flatten too",
  roots: ['BatchNormalization'],
  match(bn) {
    const match = beforeLayer(bn, bn.optionalInput(0), batchNormParameters(bn));
    return match && withFoldAdds(match);
  },
  conditions: [...BEFORE_GUARDS, statisticsPerInput],
  rewrite: (match, edit, facts) =>
    rewriteBefore(match, readStatistics(match.absorbed), edit, facts),
  example: {
    before: 'y = BatchNormalization(x, scale, B, mean, var)\nz = Conv(y, W)',
    after: 'z = Conv(x, W_fused, W_bias)',
  },
});
