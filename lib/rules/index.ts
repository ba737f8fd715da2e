import type { Rule } from '../rewrite/rule.js';
import { eliminateIdentity } from './eliminate-identity.js';
import { fuseAddIntoConv } from './fuse-add-into-conv.js';
import { fuseBatchNormIntoConvTranspose } from './fuse-batch-norm-into-conv-transpose.js';
import { fuseBatchNormIntoConv } from './fuse-batch-norm-into-conv.js';
import { fuseBatchNormIntoGemm } from './fuse-batch-norm-into-gemm.js';
import { fuseBatchNormIntoMatMul } from './fuse-batch-norm-into-matmul.js';
import { fuseMulIntoConv } from './fuse-mul-into-conv.js';

/** All rules, in the order in which they are tried at a node. */
export const RULES: readonly Rule[] = [
  eliminateIdentity,
  fuseBatchNormIntoConv,
  fuseBatchNormIntoConvTranspose,
  fuseBatchNormIntoGemm,
  fuseBatchNormIntoMatMul,
  fuseMulIntoConv,
  fuseAddIntoConv,
];
