import { widen, type StoredArray } from '../fold/stored.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { constantOfValue, isOverridable } from '../ir/view.js';
import type { Condition, Refusal } from '../rewrite/rule.js';
import { elementCount } from '../tensor/shape.js';
import type { FloatType } from '../tensor/dtype.js';
import { behindLayer } from './behind-layer.js';
import { LAYER_GUARDS, type FoldMatch } from './guards.js';
import { isLayer, readLayer, type Layer } from './layer.js';

/** An arithmetic operator between a layer's output and a constant. */
export interface ConstantMatch extends FoldMatch {
  readonly constant: Value;
  /** Which operand the constant is: 0 in c - y, 1 in y - c. */
  readonly constantIndex: 0 | 1;
}

/**
 * An operator with a layer on one side and a stored number on the other. A sum of two computed
 * values (a residual, for instance) is not this rule's business.
 */
export function matchConstantBehind(node: Node): ConstantMatch | undefined {
  for (const constantIndex of [1, 0] as const) {
    const constant = node.optionalInput(constantIndex);
    const layer = node.optionalInput(1 - constantIndex)?.producer;
    if (constant === undefined || !isStored(constant) || !isLayer(layer)) continue;
    const match = behindLayer(node, layer, [constant]);
    if (match !== undefined) return { ...match, constant, constantIndex };
  }
  return undefined;
}

function isStored(value: Value): boolean {
  return constantOfValue(value) !== undefined || isOverridable(value);
}

export const perChannel: Condition<ConstantMatch> = {
  name: 'per-channel',
  doc: 'The constant has one value per output channel, or one for all, and enlarges nothing.',
  check({ layer, constant }) {
    const read = readLayer(layer);
    if ('reason' in read) return read;
    const dims = constantOfValue(constant)?.dims ?? [];
    return isPerChannel(dims, read) ? undefined : broadcastRefusal(constant, dims, read);
  },
};

/**
 * Broadcasting aligns the last axes. Channels are axis 1 of a convolution, so that [C, 1, 1] and
 * [1, C, 1, 1] are per channel, and [C] is per column: a trap where the width happens to be C.
 */
function isPerChannel(dims: readonly number[], { outputRank, geometry }: Layer): boolean {
  // A MatMul's channels are its last axis whatever its rank, and its rank is at least 1.
  const behind = outputRank === undefined ? 0 : outputRank - 2;
  if (dims.length > (outputRank ?? 1)) return false;
  const axis = dims.length - 1 - behind;
  return dims.every((dim, at) => dim === 1 || (at === axis && dim === geometry.outputChannels));
}

function broadcastRefusal(value: Value, dims: readonly number[], layer: Layer): Refusal {
  const shape = dims.join(', ');
  const detail =
    `${value.name} is [${shape}], not one number per channel for ` +
    `${layer.geometry.outputChannels} channels of ${layer.node.label}`;
  return { reason: 'broadcast', detail };
}

/** The constant as doubles, one per output channel. */
export function readPerChannel({ layer, constant }: ConstantMatch): Float64Array {
  const stored = constantOfValue(constant)!;
  const values = widen(stored.type as FloatType, stored.read().data as StoredArray);
  const { outputChannels } = (readLayer(layer) as Layer).geometry;
  return elementCount(stored.dims) === 1
    ? new Float64Array(outputChannels).fill(values[0]!)
    : values;
}

export const CONSTANT_GUARDS: readonly Condition<ConstantMatch>[] = [...LAYER_GUARDS, perChannel];
