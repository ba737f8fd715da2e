import { scaling, shifting, type ChannelAffine } from '../fold/batch-norm.js';
import { widen, type StoredArray } from '../fold/stored.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { isOverridable } from '../ir/view.js';
import { firstRefusal } from '../rewrite/conditions.js';
import type { Condition, Facts, Refusal } from '../rewrite/rule.js';
import type { FloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { frontOf } from './flattened.js';
import type { FoldMatch } from './guards.js';
import { readLayer, type Layer } from './layer.js';
import { parameterOf } from './parameter.js';

/** What an arithmetic operator combines. */
interface Operands {
  /** One, but for Sum, which may have more, and Neg, which has none. */
  readonly constants: readonly Value[];
  /** Which operand the constant is: 0 in c - y, 1 in y - c. */
  readonly constantIndex: 0 | 1;
  readonly other: Value;
}

/** An arithmetic operator between a computed value and stored ones, beside a layer. */
export interface ConstantMatch extends FoldMatch, Operands {
  /** Whose channels the constants belong to. */
  readonly side: 'input' | 'output';
}

/** The operands of Mul, Div, Add, Sub, Sum or Neg, where all but one are stored. */
export function operandsOf(node: Node): Operands | undefined {
  const [first] = node.inputs;
  if (node.is('Neg')) return first && { constants: [], constantIndex: 1, other: first };
  if (!node.is('Sum')) {
    const found = storedOperand(node);
    return found && { ...found, constants: [found.constant] };
  }
  const inputs = node.inputs.filter((value) => value !== undefined);
  const computed = inputs.filter((value) => !isStored(value));
  const constants = inputs.filter(isStored);
  const [other] = computed;
  if (other === undefined || computed.length > 1 || constants.length === 0) return undefined;
  return { constants, constantIndex: 1, other };
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
    const beside = besideConstant(match, read, facts);
    if ('reason' in beside) return beside;
    return firstRefusal(match.constants, (constant) => {
      const dims = parameterOf(constant)?.dims ?? [];
      if (isPerChannel(dims, beside.rank, beside.channels)) return undefined;
      return broadcastRefusal(match, constant, dims, beside.channels);
    });
  },
};

/** Rank and channels of what the constant is combined with. */
function besideConstant(match: ConstantMatch, read: Layer, facts: Facts) {
  const { side, via = [], other } = match;
  if (side === 'input' && via.length > 0) return frontOf({ ...match, data: other }, facts);
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
  { layer }: ConstantMatch,
  constant: Value,
  dims: readonly number[],
  channels: number,
): Refusal {
  const detail =
    `${constant.name} is [${dims.join(', ')}], not one number per channel for ` +
    `${channels} channels of ${layer.label}`;
  return { reason: 'broadcast', detail };
}

/** The constants as doubles, one per channel. */
function readPerChannel(match: ConstantMatch): Float64Array[] {
  const channels = channelCount(match);
  return match.constants.map((constant) => {
    const stored = parameterOf(constant)!;
    const values = widen(stored.type as FloatType, stored.read().data as StoredArray);
    return elementCount(stored.dims) === 1 ? new Float64Array(channels).fill(values[0]!) : values;
  });
}

function channelCount(match: ConstantMatch): number {
  return channelsOf(match, readLayer(match.layer) as Layer);
}

/** c y, y / c, -y */
export function mulMap(match: ConstantMatch): ChannelAffine {
  const [factors = new Float64Array(channelCount(match)).fill(-1)] = readPerChannel(match);
  return scaling(match.norm.opType === 'Div' ? factors.map((c) => 1 / c) : factors);
}

/** y + c, y + c + d ..., y - c, c - y */
export function addMap(match: ConstantMatch): ChannelAffine {
  const [first, ...more] = readPerChannel(match) as [Float64Array, ...Float64Array[]];
  if (match.norm.opType === 'Sub') {
    return match.constantIndex === 0 ? shifting(first, -1) : shifting(first.map((c) => -c));
  }
  return shifting(more.reduce((sum, values) => sum.map((c, at) => c + values[at]!), first));
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
  check({ norm, other }) {
    const { producer } = other;
    if (producer?.is('Mul') !== true || storedOperand(producer) !== undefined) return undefined;
    const detail = `${norm.label} scales the product ${producer.label}, as written-out activations do`;
    return { reason: 'pattern', detail };
  },
};
