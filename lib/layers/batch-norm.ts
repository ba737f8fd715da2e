import { argumentError, ConvfuseError } from '../errors.js';
import { batchNormAffine } from '../fold/batch-norm.js';
import { statisticsOf, type BatchNormParameters } from '../fold/parameters.js';
import { isFoldRefusal } from '../fold/refusal.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { readFloating } from './parameters.js';

/**
 * Batch norm in inference, unfused: weight * (x - runningMean) / sqrt(runningVar + eps) + bias for
 * each channel, in double and rounded once (Ioffe and Szegedy 2015, algorithm 2).
 *
 * @param x [N, C, ...spatial], float32 or float64
 * @param bn each parameter [C]
 * @returns a new tensor like x
 * @throws ConvfuseError ERR_ARGUMENT; ERR_NON_FINITE and ERR_PRECISION_LOSS for parameters that
 *   fuseConvBn would refuse too
 */
export function batchNorm(x: Tensor, bn: BatchNormParameters): Tensor {
  const { type, data, dims } = readFloating(x, 'x');
  if (dims.length < 2) throw argumentError('2 dimensions or more', 'x.dims', dims);
  if (typeof bn !== 'object' || (bn as BatchNormParameters | null) === null) {
    throw argumentError('an object', 'bn', bn);
  }
  const channels = dims[1]!;
  const affine = batchNormAffine(statisticsOf(bn, channels, type));
  if (isFoldRefusal(affine)) {
    const code = affine.reason === 'precision-loss' ? 'ERR_PRECISION_LOSS' : 'ERR_NON_FINITE';
    throw new ConvfuseError(code, `expected usable parameters for bn, received: ${affine.detail}`);
  }
  const plane = elementCount(dims.slice(2));
  const out = type === 'float32' ? new Float32Array(data.length) : new Float64Array(data.length);
  let c = 0;
  for (let start = 0; start < data.length; start += plane) {
    const scale = affine.scale[c]!;
    const mean = affine.mean[c]!;
    const shift = affine.shift[c]!;
    for (let i = start; i < start + plane; i++) out[i] = scale * (data[i]! - mean) + shift;
    c = (c + 1) % channels;
  }
  return { type, data: out, dims };
}
