import type { Statistics } from '../fold/batch-norm.js';
import { widen, type StoredArray } from '../fold/stored.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { DEFAULT_EPSILON } from '../ops/batch-normalization.js';
import type { Condition, Refusal } from '../rewrite/rule.js';
import type { FloatType } from '../tensor/dtype.js';
import { LAYER_GUARDS, type FoldMatch } from './guards.js';
import { readLayer } from './layer.js';
import { parameterOf } from './parameter.js';

/** scale, B, mean and var: inputs 1 to 4. undefined where one is missing. */
export function batchNormParameters(node: Node): Value[] | undefined {
  const values = [1, 2, 3, 4].map((index) => node.optionalInput(index));
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** The stored parameters as doubles. All are constants of one floating-point type. */
export function readStatistics(node: Node): Statistics {
  const [gamma, beta, mean, variance] = batchNormParameters(node)!.map((value) => {
    const constant = parameterOf(value)!;
    return widen(constant.type as FloatType, constant.read().data as StoredArray);
  }) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const epsilon = node.attribute('epsilon', 'float') ?? DEFAULT_EPSILON;
  return { gamma, beta, mean, variance, epsilon };
}

export const batchNormShapes: Condition<FoldMatch> = {
  name: 'batch-norm-shapes',
  doc: 'Each batch norm parameter is [C], with C the output channels of the layer.',
  check({ layer, absorbed }) {
    const read = readLayer(layer);
    if ('reason' in read) return read;
    return statisticsRefusal(absorbed, read.geometry.outputChannels);
  },
};

/** Refuses batch norms whose parameters are not one number per channel. */
export function statisticsRefusal(norm: Node, channels: number): Refusal | undefined {
  for (const value of batchNormParameters(norm) ?? []) {
    const dims = parameterOf(value)?.dims ?? [];
    if (dims.length === 1 && dims[0] === channels) continue;
    return {
      reason: 'shape',
      detail: `${value.name} is [${dims.join(', ')}], expected [${channels}]`,
    };
  }
  return undefined;
}

/** The guards of every rule that folds a batch norm into the layer before it. */
export const BATCH_NORM_GUARDS: readonly Condition<FoldMatch>[] = [
  ...LAYER_GUARDS,
  batchNormShapes,
];
