import type { Backend } from '../backend/backend.js';
import type { FloatType } from '../tensor/dtype.js';
import type { ChannelAffine } from './batch-norm.js';
import { foldBias } from './fold-bias.js';
import { deadChannels, doubleUnderflow, refuseLoss, underflowNote } from './loss.js';
import { isFoldRefusal, type FoldRefusal } from './refusal.js';
import { nearest, widen, type StoredArray } from './stored.js';

/** A weight as [groups, outer, rows, cols], one factor per group and row: see ScaleRowsRequest. */
export interface WeightLayout {
  readonly groups: number;
  readonly outer: number;
  readonly rows: number;
  readonly cols: number;
}

export interface OutputFold {
  readonly type: FloatType;
  readonly weight: StoredArray;
  /** groups * rows is the number of output channels. */
  readonly layout: WeightLayout;
  /** Rows of one value per channel, as doubles. undefined: one row of zeros. */
  readonly bias: Float64Array | undefined;
  readonly affine: ChannelAffine;
  /** The layer computes gain * (W . x) + bias: alpha of Gemm. */
  readonly gain?: number;
}

export interface Folded {
  readonly weight: StoredArray;
  readonly bias: StoredArray;
  /** Remarks for a report: accepted underflow, dead channels. */
  readonly detail: string | undefined;
}

/**
 * Folds y = s * (layer - mean) + shift into the layer before it:
 *
 *     W'[c, ...] = s[c] * gain * W[c, ...]        b'[c] = s[c] * (b[c] - mean[c]) + shift[c]
 *
 * Both in double, rounded once to the weight's type. Refused when anything is not finite or
 * overflows the type, and when underflow costs a channel more than rounding may.
 */
export function foldOutput(backend: Backend, fold: OutputFold): Folded | FoldRefusal {
  const { type, weight, layout, affine, gain = 1 } = fold;
  const scale = gain === 1 ? affine.scale : affine.scale.map((s) => s * gain);
  const vanished = scale.findIndex(
    (s, c) => nearest(type, s) === 0 && affine.scale[c] !== 0 && gain !== 0,
  );
  if (vanished >= 0) {
    const detail = `the scale of channel ${vanished} is ${scale[vanished]}, which ${type} rounds to 0`;
    return { reason: 'precision-loss', detail };
  }
  const scaled = backend.scaleRows({ type, weight, scale, ...layout });
  const bias = foldBias(type, fold.bias, affine, scaled.mass);
  if (isFoldRefusal(bias)) return bias;
  const refusal =
    refuseLoss(type, scaled, widen(type, bias.stored)) ?? doubleUnderflow(weight, scale, layout);
  if (refusal !== undefined) return refusal;
  const notes = [deadChannels(affine.scale), underflowNote(type, weight, scaled.weight)];
  const detail = notes.filter((note) => note !== undefined).join('; ');
  return { weight: scaled.weight, bias: bias.stored, detail: detail === '' ? undefined : detail };
}
