import { widen, type StoredArray } from '../fold/stored.js';
import type { FloatType } from '../tensor/dtype.js';
import type { BiasSum } from './guards.js';
import { biasOf, type Layer } from './layer.js';
import { parameterOf } from './parameter.js';

/**
 * A bias as doubles, [R, M]: one value per output channel in each row, multiplied by Gemm's beta.
 */
export interface BiasRows {
  readonly rows: Float64Array;
  /** Dimensions of the folded bias: [M] or [R, M]. */
  readonly dims: readonly number[];
}

/**
 * A layer's bias, or undefined. Takes all shapes that broadcast: scalar, [1], [M], [1, 1], [1, M],
 * [R, 1], [R, M].
 */
export function biasRows(layer: Layer): BiasRows | undefined {
  const constant = parameterOf(biasOf(layer.node));
  if (constant === undefined) return undefined;
  const { outputChannels } = layer.geometry;
  const stored = widen(constant.type as FloatType, constant.read().data as StoredArray);
  const dims = constant.dims.length === 2 ? [constant.dims[0]!, outputChannels] : [outputChannels];
  const rows = new Float64Array(rowCount(dims) * outputChannels);
  const perRow = rows.length === stored.length ? 1 : outputChannels;
  for (let i = 0; i < rows.length; i++) {
    rows[i] = layer.biasGain * stored[perRow === 1 ? i : Math.floor(i / perRow)]!;
  }
  return { rows, dims };
}

/** The constant of an Add behind a MatMul as a bias: one number per column, or one for all. */
export function summedRows({ geometry }: Layer, { constant }: BiasSum): BiasRows {
  const stored = parameterOf(constant)!;
  const values = widen(stored.type as FloatType, stored.read().data as StoredArray);
  const { outputChannels } = geometry;
  const rows = new Float64Array(outputChannels).map((_, m) => values[m % values.length]!);
  return { rows, dims: [outputChannels] };
}

/** The number of rows of a bias. */
export function rowCount(dims: readonly number[]): number {
  return dims.length === 2 ? dims[0]! : 1;
}
