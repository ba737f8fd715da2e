import { argumentError, ConvfuseError } from '../errors.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { readFloating, readVector, type Vector } from './parameters.js';

/** Batch normalisation in inference mode, by PyTorch's names: one number for each channel. */
export interface BatchNormOptions {
  /** gamma; 1 where there is none. */
  readonly weight?: Vector | undefined;
  /** beta; 0 where there is none. */
  readonly bias?: Vector | undefined;
  readonly runningMean: Vector;
  readonly runningVar: Vector;
  /** Default 1e-5. */
  readonly eps?: number | undefined;
}

/**
 * weight * (x - runningMean) / sqrt(runningVar + eps) + bias for each channel, computed in double
 * and rounded once (Ioffe and Szegedy, Batch Normalization, 2015, algorithm 2).
 *
 * @param x [N, C, ...spatial], float32 or float64
 * @returns a new tensor like x
 * @throws ConvfuseError ERR_ARGUMENT; ERR_NON_FINITE when runningVar + eps is not above 0
 */
export function batchNorm(x: Tensor, bn: BatchNormOptions): Tensor {
  const { type, data, dims } = readFloating(x, 'x');
  if (dims.length < 2) throw argumentError('2 dimensions or more', 'x.dims', dims);
  if (typeof bn !== 'object' || (bn as BatchNormOptions | null) === null) {
    throw argumentError('an object', 'bn', bn);
  }
  const channels = dims[1]!;
  const { weight, bias, runningMean, runningVar, eps = 1e-5 } = bn;
  if (typeof eps !== 'number') throw argumentError('a number', 'bn.eps', eps);
  const gamma = weight && readVector(weight, channels, 'bn.weight');
  const beta = bias && readVector(bias, channels, 'bn.bias');
  const mean = readVector(runningMean, channels, 'bn.runningMean');
  const variance = readVector(runningVar, channels, 'bn.runningVar');
  const plane = elementCount(dims.slice(2));
  const out = type === 'float32' ? new Float32Array(data.length) : new Float64Array(data.length);
  for (let start = 0; start < data.length; start += plane) {
    const c = (start / plane) % channels;
    const spread = variance[c]! + eps;
    if (!(spread > 0)) {
      throw new ConvfuseError(
        'ERR_NON_FINITE',
        `expected bn.runningVar + bn.eps above 0 for channel ${c}, received ${spread}`,
      );
    }
    const scale = (gamma?.[c] ?? 1) / Math.sqrt(spread);
    const shift = beta?.[c] ?? 0;
    const center = mean[c]!;
    for (let i = start; i < start + plane; i++) out[i] = scale * (data[i]! - center) + shift;
  }
  return { type, data: out, dims };
}
