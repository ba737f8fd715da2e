import { widen, type StoredArray } from '../fold/stored.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { isOverridable } from '../ir/view.js';
import type { Condition, Facts, Refusal } from '../rewrite/rule.js';
import type { FloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { frontOf } from './flattened.js';
import type { FoldMatch } from './guards.js';
import { readLayer, type Layer } from './layer.js';
import { parameterOf } from './parameter.js';

/** An arithmetic operator between a computed value and a stored one, beside a layer. */
export interface ConstantMatch extends FoldMatch {
  readonly constant: Value;
  /** Which operand the constant is: 0 in c - y, 1 in y - c. */
  readonly constantIndex: 0 | 1;
  /** Whose channels the constant belongs to. */
  readonly side: 'input' | 'output';
}

/**
 * The stored operand of an operator, and the other one. Two computed operands (a residual sum,
 * for instance) are not these rules' business.
 */
export function storedOperand(
  node: Node,
): { constant: Value; constantIndex: 0 | 1; other: Value } | undefined {
  for (const constantIndex of [1, 0] as const) {
    const constant = node.optionalInput(constantIndex);
    const other = node.optionalInput(1 - constantIndex);
    if (constant === undefined || other === undefined || !isStored(constant)) continue;
    return { constant, constantIndex, other };
  }
  return undefined;
}

function isStored(value: Value): boolean {
  return parameterOf(value) !== undefined || isOverridable(value);
}

export const perChannel: Condition<ConstantMatch> = {
  name: 'per-channel',
  doc: 'The constant has one value per channel, or one for all, and enlarges nothing.',
  check(match, facts) {
    const read = readLayer(match.layer);
    if ('reason' in read) return read;
    const dims = parameterOf(match.constant)?.dims ?? [];
    const beside = besideConstant(match, read, facts);
    if ('reason' in beside) return beside;
    if (isPerChannel(dims, beside.rank, beside.channels)) return undefined;
    return broadcastRefusal(match, dims, beside.channels);
  },
};

/** Rank and channels of what the constant is combined with. */
function besideConstant(match: ConstantMatch, read: Layer, facts: Facts) {
  const { side, via = [], norm, constantIndex } = match;
  if (side === 'input' && via.length > 0) {
    return frontOf({ ...match, data: norm.input(1 - constantIndex) }, facts);
  }
  // A product of matrices is a matrix; of any other rank only the last axis is known.
  const matrix = facts.dims(match.layer.input(0))?.length === 2 ? 2 : undefined;
  return { rank: read.outputRank ?? matrix, channels: channelsOf(match, read) };
}

function channelsOf({ side }: ConstantMatch, { geometry }: Layer): number {
  return side === 'output' ? geometry.outputChannels : geometry.inputChannels;
}

/**
 * Broadcasting aligns the last axes. Channels are axis 1 of a convolution, so that [C, 1, 1] and
 * [1, C, 1, 1] are per channel, and [C] is per column: a trap where the width happens to be C.
 *
 * @param rank of what the constant is combined with; undefined for MatMul, whose channels are its
 *   last axis whatever its rank, and whose rank is at least 1
 */
function isPerChannel(dims: readonly number[], rank: number | undefined, channels: number) {
  if (dims.length > (rank ?? 1)) return false;
  const axis = dims.length - 1 - (rank === undefined ? 0 : rank - 2);
  return dims.every((dim, at) => dim === 1 || (at === axis && dim === channels));
}

function broadcastRefusal(
  { constant, layer }: ConstantMatch,
  dims: readonly number[],
  channels: number,
): Refusal {
  const detail =
    `${constant.name} is [${dims.join(', ')}], not one number per channel for ` +
    `${channels} channels of ${layer.label}`;
  return { reason: 'broadcast', detail };
}

/** The constant as doubles, one per channel. */
export function readPerChannel(match: ConstantMatch): Float64Array {
  const stored = parameterOf(match.constant)!;
  const values = widen(stored.type as FloatType, stored.read().data as StoredArray);
  if (elementCount(stored.dims) !== 1) return values;
  const channels = channelsOf(match, readLayer(match.layer) as Layer);
  return new Float64Array(channels).fill(values[0]!);
}

export const notDivisor: Condition<ConstantMatch> = {
  name: 'not-divisor',
  doc: 'The data is divided by the constant, not the constant by the data.',
  check({ norm, constantIndex }) {
    if (norm.opType !== 'Div' || constantIndex === 1) return undefined;
    return { reason: 'pattern', detail: `${norm.label} divides by what is computed` };
  },
};

/**
 * x * Clip(x + 3, 0, 6) / 6 and the like run as one activation, and together with the layer
 * before them: worth more than the multiplication that a fold would save.
 */
export const notActivation: Condition<ConstantMatch> = {
  name: 'not-activation',
  doc: 'The scaled value is not a product of two computed ones, as activations written out are.',
  check({ norm, constantIndex }) {
    const producer = norm.optionalInput(1 - constantIndex)?.producer;
    if (producer?.is('Mul') !== true || storedOperand(producer) !== undefined) return undefined;
    const detail = `${norm.label} scales the product ${producer.label}, as written-out activations do`;
    return { reason: 'pattern', detail };
  },
};
