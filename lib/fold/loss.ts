import type { ScaledRows } from '../backend/backend.js';
import { unitRoundoff, type FloatType } from '../tensor/dtype.js';
import type { WeightLayout } from './fold-output.js';
import type { FoldRefusal } from './refusal.js';
import { leastNormal, widen, type StoredArray } from './stored.js';

/**
 * The rule on losses: a channel may lose in all what rounding may cost it, which is u times the sum
 * of its folded weights. Weights in the subnormal range may lose more than u of themselves; where
 * they are only the small ones of a channel, the sum is hardly affected.
 *
 * Up to twice as much may pass where it is also below the rounding of weights and bias together:
 * the site check, whose bound is 2u of both, could not tell the difference. (In float16, dead
 * channels of real networks are like that: nothing but subnormal weights and a bias.)
 *
 * @param bias as stored, rows of one value per channel
 */
export function refuseLoss(
  type: FloatType,
  { loss, mass }: Pick<ScaledRows, 'loss' | 'mass'>,
  bias: Float64Array,
): FoldRefusal | undefined {
  const u = unitRoundoff(type);
  for (let c = 0; c < loss.length; c++) {
    const lost = loss[c]!;
    const whole = mass[c]!;
    if (!Number.isFinite(lost)) return overflowRefusal(type, c);
    if (lost <= u * whole) continue;
    let size = Infinity;
    for (let i = c; i < bias.length; i += loss.length) size = Math.min(size, Math.abs(bias[i]!));
    if (lost > 2 * u * whole || lost > u * (whole + size)) return lossRefusal(c, lost, whole);
  }
  return undefined;
}

function overflowRefusal(type: FloatType, channel: number): FoldRefusal {
  const detail = `folded weights of channel ${channel} are not finite in ${type}`;
  return { reason: 'non-finite', detail };
}

export function lossRefusal(channel: number, lost: number, mass: number): FoldRefusal {
  const share = mass === 0 ? 1 : lost / mass;
  const detail = `underflow would lose ${share.toExponential(1)} of the weights of channel ${channel}`;
  return { reason: 'precision-loss', detail };
}

/**
 * The rule on losses for float64, whose losses no wider type can measure: a product below the
 * normal range has already lost bits. Each such product loses at most half a subnormal step.
 */
export function doubleUnderflow(
  weight: StoredArray,
  scale: Float64Array,
  { groups, outer, rows, cols }: WeightLayout,
): FoldRefusal | undefined {
  if (!(weight instanceof Float64Array)) return undefined;
  const tiny = new Float64Array(scale.length);
  const mass = new Float64Array(scale.length);
  let at = 0;
  for (let g = 0; g < groups; g++) {
    for (let o = 0; o < outer; o++) {
      for (let r = g * rows; r < (g + 1) * rows; r++) {
        for (let end = at + cols; at < end; at++) {
          const product = Math.abs(weight[at]! * scale[r]!);
          mass[r]! += product;
          if (product < 2 ** -1022 && weight[at] !== 0 && scale[r] !== 0) tiny[r]! += 1;
        }
      }
    }
  }
  // Both sides are scaled up by 2^1000, because half a subnormal step is not a double.
  const channel = tiny.findIndex((n, c) => n * 2 ** -75 > 2 ** -53 * (mass[c]! * 2 ** 1000));
  return channel < 0
    ? undefined
    : lossRefusal(channel, tiny[channel]! * 2 ** -1074, mass[channel]!);
}

/** A remark on the channels that a scale of 0 makes constant. */
export function deadChannels(scale: Float64Array): string | undefined {
  const dead: number[] = [];
  for (let c = 0; c < scale.length; c++) if (scale[c] === 0) dead.push(c);
  if (dead.length === 0) return undefined;
  const list = dead.slice(0, 4).join(', ') + (dead.length > 4 ? ', ...' : '');
  return `scale 0 makes ${dead.length === 1 ? 'channel' : `${dead.length} channels`} constant: ${list}`;
}

/**
 * A remark on how many weights became subnormal or 0 in the fold, as far as the rule on losses
 * allows.
 */
export function underflowNote(
  type: FloatType,
  before: StoredArray,
  after: StoredArray,
): string | undefined {
  if (after instanceof Float32Array && !hasZeroExponent(after)) return undefined;
  const least = leastNormal(type);
  const old = before instanceof Uint16Array ? widen(type, before) : before;
  const folded = after instanceof Uint16Array ? widen(type, after) : after;
  let subnormal = 0;
  let zero = 0;
  for (let i = 0; i < folded.length; i++) {
    const magnitude = Math.abs(folded[i]!);
    if (magnitude >= least || old[i] === 0) continue;
    if (magnitude === 0) zero += 1;
    else subnormal += 1;
  }
  if (subnormal + zero === 0) return undefined;
  return `${subnormal + zero} folded weights are below the normal range of ${type}, ${zero} of them 0`;
}

/**
 * Whether some number is 0 or subnormal. Testing the exponent bits is faster than comparing values.
 */
function hasZeroExponent({ buffer, byteOffset, length }: Float32Array): boolean {
  const bits = new Int32Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i++) if ((bits[i]! & 0x7f800000) === 0) return true;
  return false;
}
