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

/** The operands of an arithmetic operator. */
interface Operands {
  /** The constant operands: one; for Sum one or more; for Neg none. */
  readonly constants: readonly Value[];
  /** The position of the constant: 0 in c - y, 1 in y - c. */
  readonly constantIndex: 0 | 1;
  readonly other: Value;
}

/** An arithmetic operator on a computed value and constants, next to a layer. */
export interface ConstantMatch extends FoldMatch, Operands {
  /** Whether the constants belong to the layer's input or output channels. */
  readonly side: 'input' | 'output';
}

/** The operands of Mul, Div, Add, Sub, Sum or Neg; undefined unless all but one are constants. */
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
 * The constant operand of an operator, and the other one. undefined where both are computed (a
 * residual sum, for instance): these rules do not apply there.
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
  doc: 'The constant has one value per channel, or one for all, and does not enlarge the data.',
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

/** Rank and channels of the operand that the constant is combined with. */
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
 * Whether a constant of `dims` has one number per channel, or one for all. Broadcasting aligns the
 * last axes, and channels are axis 1 of a convolution. So [C, 1, 1] and [1, C, 1, 1] are per
 * channel, while [C] is per column, even where the width happens to be C.
 *
 * @param rank of the other operand; undefined for MatMul, whose channels are the last axis for any
 * rank from 1 on
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
  return scaling(match.absorbed.opType === 'Div' ? factors.map((c) => 1 / c) : factors);
}

/** y + c, y + c + d ..., y - c, c - y */
export function addMap(match: ConstantMatch): ChannelAffine {
  const [first, ...more] = readPerChannel(match) as [Float64Array, ...Float64Array[]];
  if (match.absorbed.opType === 'Sub') {
    return match.constantIndex === 0 ? shifting(first, -1) : shifting(first.map((c) => -c));
  }
  return shifting(more.reduce((sum, values) => sum.map((c, at) => c + values[at]!), first));
}

export const notDivisor: Condition<ConstantMatch> = {
  name: 'not-divisor',
  doc: 'The data is divided by the constant, not the constant by the data.',
  check({ absorbed, constantIndex }) {
    if (absorbed.opType !== 'Div' || constantIndex === 1) return undefined;
    return { reason: 'pattern', detail: `${absorbed.label} divides by a computed value` };
  },
};

/**
 * An activation written out as nodes, such as x * Clip(x + 3, 0, 6) / 6, runs as part of the layer
 * before it, which saves more than folding its factor into the layer behind it would.
 */
export const notActivation: Condition<ConstantMatch> = {
  name: 'not-activation',
  doc: 'The scaled value is not a product of two computed values, as in an activation written out in nodes.',
  check({ absorbed, other }) {
    const { producer } = other;
    if (producer?.is('Mul') !== true || storedOperand(producer) !== undefined) return undefined;
    const detail = `${absorbed.label} scales the product ${producer.label}, as written-out activations do`;
    return { reason: 'pattern', detail };
  },
};
