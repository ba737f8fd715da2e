import type { Tensor } from '../tensor/tensor.js';
import type { Editor } from '../ir/editor.js';
import {
  defineRule,
  type Condition,
  type Facts,
  type Refusal,
  type Rewritten,
} from '../rewrite/rule.js';
import { noteFused, biasName, foldedName } from './absorb.js';
import { BATCH_NORM_GUARDS, readStatistics } from './batch-norm.js';
import { finishBehind, matchBatchNormBehind } from './behind-layer.js';
import { foldBehind } from './fold-behind.js';
import type { FoldMatch } from './guards.js';

/** Batch norm's channels are axis 1; a product's columns are its last axis. */
const matrixInput: Condition<FoldMatch> = {
  name: 'matrix-input',
  doc: 'The product is known to be a matrix, so that its columns are the channels.',
  check({ layer }, facts) {
    const rank = facts.dims(layer.input(0))?.length;
    if (rank === 2) return undefined;
    const what = rank === undefined ? 'an unknown rank' : `rank ${rank}`;
    return { reason: 'shape', detail: `the input of ${layer.label} has ${what}, expected 2` };
  },
};

export const fuseBatchNormIntoMatMul = defineRule<FoldMatch>({
  name: 'fuse-batch-norm-into-matmul',
  level: 'basic',
  doc: "BN(A W) = Gemm(A, W', b') for a matrix A, W' = W diag(s), b' = s (0 - mean) + B",
  roots: ['BatchNormalization'],
  match: (bn) => matchBatchNormBehind(bn, 'MatMul'),
  conditions: [...BATCH_NORM_GUARDS, matrixInput],
  rewrite,
  example: {
    before:
      'x: input float[N, 5]\ny = MatMul(x, W)\nz = BatchNormalization(y, scale, B, mean, var)',
    after: 'z = Gemm(x, W_fused, W_bias)',
  },
});

/** MatMul has no bias: a Gemm takes its place, under its name, or the batch norm's. */
function rewrite(match: FoldMatch, edit: Editor, facts: Facts): Rewritten | Refusal {
  const { layer: matmul, norm } = match;
  const folded = foldBehind(facts.backend, matmul, readStatistics(norm));
  if ('reason' in folded) return folded;
  if (folded.bias === undefined) return finishBehind(match, folded, edit);
  const weight = matmul.input(1);
  const constant = (hint: string, tensor: Tensor) =>
    edit.constant(matmul.graph, hint, tensor, matmul);
  const newWeight = folded.weight && constant(foldedName(weight.name), folded.weight);
  const newBias = constant(biasName(weight.name), folded.bias);
  const output = norm.output(0);
  const gemm = edit.insertBefore(matmul, {
    opType: 'Gemm',
    name: matmul.name,
    inputs: [matmul.input(0), newWeight ?? weight, newBias],
    outputs: [output],
  });
  edit.remove(norm);
  edit.remove(matmul);
  noteFused(edit, gemm, norm.label);
  return { into: gemm, check: folded.check, ...(folded.detail && { detail: folded.detail }) };
}
