import { batchNormAffine } from '../fold/batch-norm.js';
import { checkFold } from '../fold/check.js';
import { foldOutput } from '../fold/fold-output.js';
import { isFoldRefusal } from '../fold/refusal.js';
import { widen, type StoredArray } from '../fold/stored.js';
import type { Editor } from '../ir/editor.js';
import type { Value } from '../ir/value.js';
import {
  defineRule,
  type Condition,
  type Facts,
  type Refusal,
  type Rewritten,
} from '../rewrite/rule.js';
import type { FloatType } from '../tensor/dtype.js';
import { absorbBehind, noteFused } from './absorb.js';
import { batchNormParameters, readStatistics, statisticsRefusal } from './batch-norm.js';
import { COMMON_GUARDS, type FoldMatch } from './guards.js';
import { foldedName } from './names.js';
import { parameterOf } from './parameter.js';

const sameChannels: Condition<FoldMatch> = {
  name: 'same-channels',
  doc: 'All parameters of both are [C].',
  check({ layer, absorbed }) {
    const channels = parameterOf(layer.input(1))?.dims[0] ?? 0;
    if (channels === 0) return { reason: 'shape', detail: `${layer.label} has no channels` };
    return statisticsRefusal(layer, channels) ?? statisticsRefusal(absorbed, channels);
  },
};

/**
 * The first of the two stays and plays the part of the layer, with scale as its weight and B as its
 * bias.
 */
export const fuseBatchNormIntoBatchNorm = defineRule<FoldMatch>({
  name: 'fuse-batch-norm-into-batch-norm',
  level: 'basic',
  doc: "BN2(BN1(x)) = BN1(x) with scale' = s2 scale1, B' = s2 (B1 - mean2) + B2",
  roots: ['BatchNormalization'],
  match(norm) {
    const layer = norm.optionalInput(0)?.producer;
    if (layer?.is('BatchNormalization') !== true || norm.optionalOutput(0) === undefined) {
      return undefined;
    }
    const [first, second] = [batchNormParameters(layer), batchNormParameters(norm)];
    const [output] = layer.outputs;
    if (first === undefined || second === undefined || output === undefined) return undefined;
    const parameters = [...first, ...second];
    return {
      nodes: [layer, norm],
      into: layer,
      vanishing: [output],
      parameters,
      layer,
      absorbed: norm,
    };
  },
  conditions: [...COMMON_GUARDS, sameChannels],
  rewrite,
  example: {
    before:
      'y = BatchNormalization(x, scale, B, mean, var)\nz = BatchNormalization(y, scale2, B2, mean2, var2)',
    after: 'z = BatchNormalization(x, scale_fused, B_fused, mean, var)',
  },
});

function rewrite(
  { layer, absorbed: norm }: FoldMatch,
  edit: Editor,
  facts: Facts,
): Rewritten | Refusal {
  const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((index) => layer.input(index)) as [
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
  const stored = parameterOf(gamma)!;
  const type = stored.type as FloatType;
  const read = (value: Value): StoredArray => parameterOf(value)!.read().data as StoredArray;
  const map = readStatistics(norm);
  const affine = batchNormAffine(map);
  if (isFoldRefusal(affine)) return affine;
  const channels = affine.scale.length;
  const layout = { groups: 1, outer: 1, rows: channels, cols: 1 };
  const bias = widen(type, read(beta));
  const folded = foldOutput(facts.backend, { type, weight: read(gamma), layout, bias, affine });
  if (isFoldRefusal(folded)) return folded;
  const constant = (value: Value, data: StoredArray): Value =>
    edit.constant(layer.graph, foldedName(value.name), { type, data, dims: [channels] }, layer);
  const { label } = norm;
  const [newGamma, newBeta] = [constant(gamma, folded.weight), constant(beta, folded.bias)];
  edit.setInputs(layer, [x, newGamma, newBeta, mean, variance]);
  absorbBehind(edit, layer, norm);
  noteFused(edit, layer, label);
  const geometry = {
    inputChannels: channels,
    outputChannels: channels,
    groups: channels,
    window: { kernel: [], strides: [], dilations: [], padding: 'valid' as const },
    transposed: false,
  };
  const before = { weight: () => stored.read().data as StoredArray, bias };
  return {
    into: layer,
    check: (seed) =>
      checkFold({ type, geometry, before, after: folded, map, side: 'output' }, seed),
    ...(folded.detail && { detail: folded.detail }),
  };
}
