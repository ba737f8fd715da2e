import type { Backend } from '../backend/backend.js';
import type { FloatType } from '../tensor/dtype.js';
import type { ChannelAffine } from './batch-norm.js';
import { roundBias } from './fold-bias.js';
import type { Folded } from './fold-output.js';
import { refuseLoss, underflowNote } from './loss.js';
import { isFoldRefusal, type FoldRefusal } from './refusal.js';
import { leastNormal, widen, type StoredArray } from './stored.js';

/**
 * A layer and the map in front of it. The weight is [M, C/g, taps], or [C, M/g, taps] when
 * transposed.
 */
export interface InputFold {
  readonly type: FloatType;
  readonly weight: StoredArray;
  readonly transposed: boolean;
  readonly groups: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Elements of one kernel: the product of its spatial dimensions. */
  readonly taps: number;
  /** [M], as doubles; undefined: zeros. */
  readonly bias: Float64Array | undefined;
  /** The map on the input channels. */
  readonly affine: ChannelAffine;
  /** The layer computes gain * (W . x) + bias. */
  readonly gain?: number;
}

/**
 * Folds x' = s * (x - mean) + shift into the layer after it. With t = s * (0 - mean) + shift:
 *
 *     W'[m, i, ...] = W[m, i, ...] * s[i] * gain b'[m] = b[m] + gain * sum over i and taps of W[m,
 *     i, tap] * t[i]
 *
 * Exact only where every output position sees every tap: the caller makes sure that there is no
 * padding, or that all t are 0. In a transposed layer different output positions see different
 * taps, so all t must be 0 unless its kernel has a single tap.
 */
export function foldInput(backend: Backend, fold: InputFold): Folded | FoldRefusal {
  const { type, weight, affine, transposed, groups, taps, gain = 1 } = fold;
  const shift = inputShift(affine);
  if (transposed && taps !== 1 && shift.some((t) => t !== 0)) {
    const detail = 'a shift before a transposed convolution differs from tap to tap';
    return { reason: 'padding', detail };
  }
  const scale = gain === 1 ? affine.scale : affine.scale.map((s) => s * gain);
  const perGroup = fold.inputChannels / groups;
  const perGroupOut = fold.outputChannels / groups;
  const scaled = backend.scaleRows({
    type,
    weight,
    scale,
    ...(transposed
      ? { groups: 1, outer: 1, rows: fold.inputChannels, cols: perGroupOut * taps }
      : { groups, outer: perGroupOut, rows: perGroup, cols: taps }),
  });
  const sums = channelSums(fold, scale, shift, scaled.weight);
  const values = sums.shift.map((sum, m) => (fold.bias?.[m] ?? 0) + gain * sum);
  const terms = sums.shiftMass.map(
    (sum, m) => Math.abs(fold.bias?.[m] ?? 0) + Math.abs(gain) * sum + sums.mass[m]!,
  );
  const bias = roundBias(type, values, terms);
  if (isFoldRefusal(bias)) return bias;
  const refusal = refuseLoss(type, sums, widen(type, bias.stored));
  if (refusal !== undefined) return refusal;
  const detail = underflowNote(type, weight, scaled.weight);
  return { weight: scaled.weight, bias: bias.stored, detail };
}

/** t = s * (0 - mean) + shift: the image of 0 under the map. */
export function inputShift({ scale, mean, shift }: ChannelAffine): Float64Array {
  return scale.map((s, i) => s * (0 - mean[i]!) + shift[i]!);
}

interface ChannelSums {
  /**
   * All per output channel: loss by rounding, and the sums of the folded weights and of the shifts.
   */
  readonly loss: Float64Array;
  readonly mass: Float64Array;
  readonly shift: Float64Array;
  readonly shiftMass: Float64Array;
}

/**
 * Sums by output channel, which is what the rule on losses needs: scaleRows() has them by row, and
 * its rows are input channels here.
 */
function channelSums(
  fold: InputFold,
  scale: Float64Array,
  shift: Float64Array,
  folded: StoredArray,
): ChannelSums {
  const { type, transposed, groups, taps, inputChannels, outputChannels } = fold;
  const before = widen(type, fold.weight);
  const after = widen(type, folded);
  const sums: ChannelSums = {
    loss: new Float64Array(outputChannels),
    mass: new Float64Array(outputChannels),
    shift: new Float64Array(outputChannels),
    shiftMass: new Float64Array(outputChannels),
  };
  const inPerGroup = inputChannels / groups;
  const outPerGroup = outputChannels / groups;
  const least = type === 'float64' ? leastNormal(type) : 0;
  const outer = transposed ? inputChannels : outputChannels;
  const inner = transposed ? outPerGroup : inPerGroup;
  let at = 0;
  for (let o = 0; o < outer; o++) {
    const first = Math.floor(o / (transposed ? inPerGroup : outPerGroup)) * inner;
    for (let i = first; i < first + inner; i++) {
      const [input, output] = transposed ? [o, i] : [i, o];
      const s = scale[input]!;
      const t = shift[input]!;
      for (const end = at + taps; at < end; at++) {
        const product = before[at]! * s;
        sums.mass[output]! += Math.abs(product);
        sums.loss[output]! += Math.abs(after[at]! - product);
        // No wider type shows what a subnormal float64 product has lost, so all of it counts as
        // lost.
        if (Math.abs(product) < least)
          sums.loss[output]! += Math.abs(before[at]!) > 0 && s !== 0 ? least : 0;
        sums.shift[output]! += before[at]! * t;
        sums.shiftMass[output]! += Math.abs(before[at]! * t);
      }
    }
  }
  return sums;
}
