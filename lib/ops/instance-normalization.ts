// InstanceNormalization and GroupNormalization: statistics of parts of one image.

import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { DEFAULT_EPSILON } from './batch-normalization.js';
import { likeInput } from './facts.js';
import { normaliseRows } from './normalise-rows.js';
import type { Evaluation, Operator, RunTensor } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/**
 * Shifts and scales each group of channels of each image to mean 0 and variance 1, then applies
 * scale and bias: one per channel, or one per group.
 */
function normaliseGroups(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
  groups: number,
): RunTensor[] {
  const { node } = call;
  const x = required(node, inputs, 0);
  const scale = floatsOf(node, required(node, inputs, 1));
  const bias = floatsOf(node, required(node, inputs, 2));
  const epsilon = node.attribute('epsilon', 'float') ?? DEFAULT_EPSILON;
  const channels = x.dims[1]!;
  if (channels % groups !== 0 || scale.length !== bias.length || channels % scale.length !== 0) {
    throw nodeError(node, 'ERR_MODEL', `scale and bias do not fit ${channels} channels`);
  }
  const plane = elementCount(x.dims.slice(2));
  const perGroup = channels / groups;
  const perScale = channels / scale.length;
  const source = floatsOf(node, x);
  const rows = x.dims[0]! * groups;
  const found = normaliseRows(call, inputs, {
    ...{ rows, parts: perGroup, plane, epsilon, channels, scale, bias },
  });
  if (found !== undefined) return [found];
  const data = call.allocate(x.type, x.dims) as FloatArray;
  const size = perGroup * plane;
  for (let group = 0; group < rows; group++) {
    const { mean, deviation } = moments(source, group * size, size, epsilon);
    for (let k = 0; k < perGroup; k++) {
      const channel = (group % groups) * perGroup + k;
      const factor = scale[Math.floor(channel / perScale)]! / deviation;
      const shift = bias[Math.floor(channel / perScale)]!;
      const at = group * size + k * plane;
      for (let i = at; i < at + plane; i++) data[i] = (source[i]! - mean) * factor + shift;
    }
  }
  return [{ ...x, data }];
}

/** Mean, and square root of variance + epsilon, of `count` elements. */
export function moments(
  x: FloatArray,
  from: number,
  count: number,
  epsilon: number,
): { readonly mean: number; readonly deviation: number } {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += x[i]!;
  const mean = sum / count;
  let squares = 0;
  for (let i = from; i < from + count; i++) squares += (x[i]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / count + epsilon) };
}

function groupsOf(node: Node): number {
  const groups = node.attribute('num_groups', 'int');
  if (groups === undefined || groups < 1)
    throw nodeError(node, 'ERR_MODEL', 'num_groups is missing or below 1');
  return groups;
}

export const instanceNormalizations: readonly Operator[] = [
  operator('InstanceNormalization', {
    inputs: [3, 3],
    infer: likeInput,
    evaluate: (call, inputs) =>
      normaliseGroups(call, inputs, required(call.node, inputs, 0).dims[1]!),
  }),
  operator('GroupNormalization', {
    since: 18,
    inputs: [3, 3],
    infer: likeInput,
    evaluate: (call, inputs) => normaliseGroups(call, inputs, groupsOf(call.node)),
  }),
];
