// The table of all operators.

import type { Node } from '../ir/node.js';
import { activations } from './activations.js';
import { affineGrid } from './affine-grid.js';
import { arguments_ } from './arg-max.js';
import { arithmetic } from './arithmetic.js';
import { averagePool } from './average-pool.js';
import { axisNormalizations } from './axis-normalization.js';
import { batchNormalization } from './batch-normalization.js';
import { bitwise } from './bitwise.js';
import { casts } from './cast.js';
import { centerCropPad } from './center-crop-pad.js';
import { clip } from './clip.js';
import { col2Im } from './col2im.js';
import { comparisons } from './comparison.js';
import { compress } from './compress.js';
import { concat } from './concat.js';
import { constantOfShape } from './constant-of-shape.js';
import { constant } from './constant.js';
import { convInteger } from './conv-integer.js';
import { convTranspose } from './conv-transpose.js';
import { conv } from './conv.js';
import { cumSum } from './cum-sum.js';
import { deformConv } from './deform-conv.js';
import { depthToSpaces } from './depth-to-space.js';
import { det } from './det.js';
import { fourierTransforms } from './dft.js';
import { diagonals } from './diagonals.js';
import { dynamicQuantizeLinear } from './dynamic-quantize-linear.js';
import { einsum } from './einsum.js';
import { expand } from './expand.js';
import { flatten } from './flatten.js';
import { floatClasses } from './float-classes.js';
import { fusedConv } from './fused-conv.js';
import { gathersByElement } from './gather-elements.js';
import { gather } from './gather.js';
import { gemm } from './gemm.js';
import { globalPools } from './global-pool.js';
import { gridSample } from './grid-sample.js';
import { gru } from './gru.js';
import { identities } from './identity.js';
import { if_ } from './if.js';
import { imageOperators } from './image-operators.js';
import { instanceNormalizations } from './instance-normalization.js';
import { layerNormalization } from './layer-normalization.js';
import { loop } from './loop.js';
import { lpNormalization } from './lp-normalization.js';
import { lpPool } from './lp-pool.js';
import { lrn } from './lrn.js';
import { lstm } from './lstm.js';
import { matMul } from './matmul.js';
import { maxPool } from './max-pool.js';
import { maxRoiPool } from './max-roi-pool.js';
import { maxUnpool } from './max-unpool.js';
import { nonMaxSuppression } from './non-max-suppression.js';
import { nonZero } from './non-zero.js';
import { not } from './not.js';
import { oneHot } from './one-hot.js';
import type { Operator } from './operator.js';
import { pad } from './pad.js';
import { prelu } from './prelu.js';
import { qLinears } from './qlinear.js';
import { quantisations } from './quantize-linear.js';
import { range } from './range.js';
import { reductions } from './reduce.js';
import { reshape } from './reshape.js';
import { resizes } from './resize.js';
import { reverseSequence } from './reverse-sequence.js';
import { rnn } from './rnn.js';
import { roiAlign } from './roi-align.js';
import { scan } from './scan.js';
import { scatters } from './scatter.js';
import { shapes } from './shape.js';
import { slice } from './slice.js';
import { softmaxes } from './softmax.js';
import { split } from './split.js';
import { squeezes } from './squeeze.js';
import { tile } from './tile.js';
import { topK } from './top-k.js';
import { transpose } from './transpose.js';
import { unaryMath } from './unary-math.js';
import { unique } from './unique.js';
import { variadics } from './variadic.js';
import { where } from './where.js';
import { windowFunctions } from './window-functions.js';

export const OPERATORS: readonly Operator[] = [
  ...activations,
  affineGrid,
  ...arguments_,
  ...arithmetic,
  averagePool,
  ...axisNormalizations,
  batchNormalization,
  ...bitwise,
  ...casts,
  centerCropPad,
  clip,
  col2Im,
  ...comparisons,
  compress,
  concat,
  constant,
  constantOfShape,
  conv,
  convInteger,
  convTranspose,
  cumSum,
  ...depthToSpaces,
  det,
  ...diagonals,
  einsum,
  deformConv,
  ...fourierTransforms,
  expand,
  flatten,
  ...floatClasses,
  fusedConv,
  gather,
  ...gathersByElement,
  gemm,
  ...globalPools,
  gridSample,
  gru,
  ...identities,
  if_,
  ...imageOperators,
  ...instanceNormalizations,
  layerNormalization,
  loop,
  scan,
  lpNormalization,
  lpPool,
  lrn,
  lstm,
  matMul,
  maxPool,
  maxRoiPool,
  maxUnpool,
  nonMaxSuppression,
  nonZero,
  not,
  oneHot,
  pad,
  prelu,
  ...qLinears,
  dynamicQuantizeLinear,
  ...quantisations,
  range,
  ...reductions,
  reshape,
  ...resizes,
  reverseSequence,
  ...scatters,
  rnn,
  roiAlign,
  ...shapes,
  slice,
  ...softmaxes,
  split,
  ...squeezes,
  tile,
  topK,
  transpose,
  ...unaryMath,
  unique,
  ...variadics,
  where,
  ...windowFunctions,
];

const BY_NAME = new Map<string, Operator[]>();
for (const entry of OPERATORS) {
  const key = `${entry.domain}\0${entry.opType}`;
  BY_NAME.set(key, [...(BY_NAME.get(key) ?? []), entry]);
}

/**
 * The operator of a node, by domain, name and opset. undefined when it is unknown, or when a
 * model-local function replaces it.
 */
export function operatorOf(node: Node): Operator | undefined {
  if (node.graph.model.definesFunction(node.domain, node.opType, node.overload)) return undefined;
  const found = BY_NAME.get(`${node.domain}\0${node.opType}`);
  return found?.find(({ since, until }) => node.opset >= since && node.opset <= until);
}
