import type { Backend } from '../backend/backend.js';
import { selectBackend } from '../backend/select.js';
import { argumentError, checkObject, ConvfuseError } from '../errors.js';
import { allocate, type FloatType } from '../tensor/dtype.js';
import { countToAllocate, elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { batchNormAffine } from './batch-norm.js';
import { foldInput, inputShift } from './fold-input.js';
import { foldOutput, type Folded } from './fold-output.js';
import {
  asWeight,
  doubles,
  floatWeight,
  groupsOf,
  statisticsOf,
  storedLike,
  type BatchNormParameters,
  type LayerParameters,
} from './parameters.js';
import { isFoldRefusal, type FoldRefusal } from './refusal.js';
import { narrow, widen, type StoredArray } from './stored.js';

/** Parameters of a fused layer, both of the type of the original weight. */
export interface FusedParameters {
  /** Has the dimensions of the original weight. */
  readonly weight: Tensor;
  /** [M] */
  readonly bias: Tensor;
}

/**
 * The window options that fuseBnConv needs: the fold is inexact where taps fall outside the input.
 */
export interface PaddedLayerParameters extends LayerParameters {
  /** Default: 0. A number, one number per side, or 'same-upper' or 'same-lower'. */
  readonly padding?: number | readonly number[] | 'same-upper' | 'same-lower' | undefined;
  /**
   * Default: 1. Matters for transposed convolutions, in which strides leave some taps out of each
   * output.
   */
  readonly stride?: number | readonly number[] | undefined;
}

/**
 * Folds a batch norm into the convolution before it: with s = gamma / sqrt(var + eps),
 * W' = diag(s) . W and b' = s * (b - mean) + beta, in double, rounded once to the weight's type.
 * Any rank and any number of groups, transposed too. Source of the formula: Ioffe and Szegedy
 * 2015, algorithm 2; Jacob et al. 2018, section 3.2.
 *
 * @param conv weight [M, C/groups, ...kernel], or transposed [C, M/groups, ...kernel]; bias [M]
 * @param bn each parameter [M]
 * @throws ConvfuseError ERR_ARGUMENT; ERR_NON_FINITE where parameters or results are not finite or
 *   var + eps <= 0; ERR_PRECISION_LOSS where underflow would lose weights that matter
 */
export function fuseConvBn(
  conv: LayerParameters,
  bn: BatchNormParameters,
  backend: Backend = selectBackend(),
): FusedParameters {
  const { weight, groups, outputs } = layerOf(conv);
  const { type, dims } = weight;
  const affine = orThrow(batchNormAffine(statisticsOf(bn, outputs, type)));
  const bias = conv.bias === undefined ? undefined : doubles(conv.bias, 'bias', outputs, type);
  const perRow = elementCount(dims.slice(2));
  const layout =
    conv.transposed === true
      ? { groups, outer: dims[0]! / groups, rows: dims[1]!, cols: perRow }
      : { groups: 1, outer: 1, rows: outputs, cols: dims[1]! * perRow };
  const fold = { type, weight: weight.data, layout, bias, affine };
  return fused(conv.weight, outputs, orThrow(foldOutput(backend, fold)));
}

/**
 * Folds a batch norm into the convolution after it: W' = W . diag(s) on the input channels and
 * b'[m] = b[m] + sum of W[m, i, tap] * t[i], with t = beta - s * mean. The convolution pads the
 * output of the batch norm with zeros, so with padding the fold is exact only where every t is 0.
 * The same holds for a transposed convolution with more than one tap.
 *
 * @param bn each parameter [C]
 * @param conv weight [M, C/groups, ...kernel], or transposed [C, M/groups, ...kernel]; bias [M]
 * @throws ConvfuseError ERR_ARGUMENT, also where padding makes the fold inexact; ERR_NON_FINITE,
 * ERR_PRECISION_LOSS as fuseConvBn
 */
export function fuseBnConv(
  bn: BatchNormParameters,
  conv: PaddedLayerParameters,
  backend: Backend = selectBackend(),
): FusedParameters {
  const { weight, groups, inputs, outputs } = layerOf(conv);
  const { type, dims } = weight;
  const affine = orThrow(batchNormAffine(statisticsOf(bn, inputs, type)));
  const { padding, stride = 1, transposed } = conv;
  const padded = isPadded(padding);
  if (inputShift(affine).some((t) => t !== 0)) {
    if (padded) {
      throw argumentError('no padding, or a batch norm without shift', 'padding', padding);
    }
    if (transposed === true && ![stride].flat().every((step) => step === 1)) {
      throw argumentError('1, or a batch norm without shift', 'stride', stride);
    }
  }
  const folded = foldInput(backend, {
    type,
    weight: weight.data,
    transposed: conv.transposed === true,
    groups,
    inputChannels: inputs,
    outputChannels: outputs,
    taps: elementCount(dims.slice(2)),
    bias: conv.bias === undefined ? undefined : doubles(conv.bias, 'bias', outputs, type),
    affine,
  });
  return fused(conv.weight, outputs, orThrow(folded));
}

/**
 * Folds a batch norm into the linear layer before it, y = W . x + b.
 *
 * @param linear weight [N, K], or transposed [K, N]; bias [N]
 * @param bn each parameter [N]
 * @throws ConvfuseError as fuseConvBn
 */
export function fuseLinearBn(
  linear: Omit<LayerParameters, 'groups'>,
  bn: BatchNormParameters,
  backend: Backend = selectBackend(),
): FusedParameters {
  checkObject(linear, 'layer');
  const { dims } = floatWeight(linear.weight, 'weight');
  if (dims.length !== 2) throw argumentError('2 dimensions', 'weight.dims', dims);
  return fuseConvBn({ ...linear, groups: 1 }, bn, backend);
}

/**
 * A batch norm as a matrix on the channels of x: y = matrix . x + bias, where matrix is diag(s),
 * [C, C], and bias is beta - s * mean, [C]. Computed in double, rounded once to the type of
 * `bn.weight` (of `runningVar` where that is absent).
 *
 * @throws ConvfuseError ERR_ARGUMENT, ERR_NON_FINITE; ERR_LIMIT and ERR_MEMORY for a matrix too
 * large
 */
export function batchNormMatrix(bn: BatchNormParameters): { matrix: Tensor; bias: Tensor } {
  checkObject(bn, 'bn');
  const leading = bn.weight ?? bn.runningVar;
  const { type, dims } = asWeight(leading, 'batch norm weight', 'float16');
  const channels = elementCount(dims);
  const affine = orThrow(batchNormAffine(statisticsOf(bn, channels, type)));
  const count = countToAllocate([channels, channels]);
  const matrix = allocate('float64', count) as Float64Array;
  for (let c = 0; c < channels; c++) matrix[c * channels + c] = affine.scale[c]!;
  return {
    matrix: { type, data: finite(narrow(type, matrix), type), dims: [channels, channels] },
    bias: { type, data: finite(narrow(type, inputShift(affine)), type), dims: [channels] },
  };
}

function finite(stored: StoredArray, type: FloatType): StoredArray {
  if (widen(type, stored).every(Number.isFinite)) return stored;
  throw new ConvfuseError('ERR_NON_FINITE', `the matrix has values that are not finite in ${type}`);
}

function layerOf(layer: LayerParameters) {
  checkObject(layer, 'layer');
  const weight = floatWeight(layer.weight, 'weight');
  const { dims } = weight;
  const groups = groupsOf(layer);
  const transposed: unknown = layer.transposed ?? false;
  if (typeof transposed !== 'boolean')
    throw argumentError('true or false', 'transposed', transposed);
  if (dims.length < 2) throw argumentError('2 or more dimensions', 'weight.dims', dims);
  const [first, second] = [dims[0]!, dims[1]!];
  if (first % groups !== 0) throw argumentError(`a multiple of ${groups}`, 'weight.dims[0]', first);
  const [inputs, outputs] = transposed ? [first, second * groups] : [second * groups, first];
  return { weight, groups, inputs, outputs };
}

function isPadded(padding: PaddedLayerParameters['padding']): boolean {
  if (padding === undefined) return false;
  if (padding === 'same-upper' || padding === 'same-lower') return true;
  const sides: readonly unknown[] = Array.isArray(padding) ? padding : [padding];
  if (!sides.every((side) => Number.isSafeInteger(side))) {
    throw argumentError("whole numbers, 'same-upper' or 'same-lower'", 'padding', padding);
  }
  return sides.some((side) => side !== 0);
}

function fused(weight: Tensor, outputs: number, folded: Folded): FusedParameters {
  const { type, dims } = weight;
  return {
    weight: { type, data: storedLike(weight, folded.weight), dims: [...dims] },
    bias: { type, data: storedLike(weight, folded.bias), dims: [outputs] },
  };
}

function orThrow<T extends object>(result: T | FoldRefusal): T {
  if (!isFoldRefusal(result)) return result;
  const code = result.reason === 'precision-loss' ? 'ERR_PRECISION_LOSS' : 'ERR_NON_FINITE';
  throw new ConvfuseError(
    result.reason === 'padding' ? 'ERR_ARGUMENT' : code,
    `cannot fold: ${result.detail}`,
  );
}
