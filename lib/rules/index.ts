import type { Rule } from '../rewrite/rule.js';
import { eliminateConcatSplit } from './eliminate-concat-split.js';
import { eliminateIdentity } from './eliminate-identity.js';
import { eliminateSplitConcat } from './eliminate-split-concat.js';
import { fuseActivationIntoConv } from './fuse-activation-into-conv.js';
import { fuseAddBeforeConv } from './fuse-add-before-conv.js';
import { fuseAddIntoConv } from './fuse-add-into-conv.js';
import { fuseBatchNormBeforeConv } from './fuse-batch-norm-before-conv.js';
import { fuseBatchNormIntoBatchNorm } from './fuse-batch-norm-into-batch-norm.js';
import { fuseBatchNormIntoConvTranspose } from './fuse-batch-norm-into-conv-transpose.js';
import { fuseBatchNormIntoConv } from './fuse-batch-norm-into-conv.js';
import { fuseBatchNormIntoGemm } from './fuse-batch-norm-into-gemm.js';
import { fuseBatchNormIntoQuantizedConv } from './fuse-batch-norm-into-quantized-conv.js';
import { fuseBatchNormIntoMatMul } from './fuse-batch-norm-into-matmul.js';
import { fuseMulBeforeConv } from './fuse-mul-before-conv.js';
import { fuseMulIntoConv } from './fuse-mul-into-conv.js';
import { fusePadIntoAveragePool } from './fuse-pad-into-average-pool.js';
import { fusePadIntoConv } from './fuse-pad-into-conv.js';
import { fusePadIntoMaxPool } from './fuse-pad-into-max-pool.js';
import { fuseResidualIntoConv } from './fuse-residual-into-conv.js';
import { mergeConvSequence } from './merge-conv-sequence.js';
import { mergePaddedSiblingConvs } from './merge-padded-sibling-convs.js';
import { mergeParallelConvSum } from './merge-parallel-conv-sum.js';
import { mergeSiblingConvs } from './merge-sibling-convs.js';
import { mergeSiblingMatMuls } from './merge-sibling-matmuls.js';

/** All rules, in the order in which they are tried at a node. */
export const RULES: readonly Rule[] = [
  eliminateIdentity,
  fuseBatchNormIntoQuantizedConv,
  fuseBatchNormIntoConv,
  fuseBatchNormIntoConvTranspose,
  fuseBatchNormIntoGemm,
  fuseBatchNormIntoMatMul,
  fuseBatchNormIntoBatchNorm,
  fuseMulIntoConv,
  fuseAddIntoConv,
  fuseBatchNormBeforeConv,
  fuseMulBeforeConv,
  fuseAddBeforeConv,
  fusePadIntoConv,
  fusePadIntoAveragePool,
  fusePadIntoMaxPool,
  mergeConvSequence,
  mergeParallelConvSum,
  mergeSiblingConvs,
  mergeSiblingMatMuls,
  mergePaddedSiblingConvs,
  eliminateSplitConcat,
  eliminateConcatSplit,
];

/** Rules for onnxruntime alone, applied after all others. */
export const ORT_RULES: readonly Rule[] = [fuseActivationIntoConv, fuseResidualIntoConv];

export const ALL_RULES: readonly Rule[] = [...RULES, ...ORT_RULES];
