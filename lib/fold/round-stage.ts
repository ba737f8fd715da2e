import type { FloatType } from '../tensor/dtype.js';
import { roundBias } from './fold-bias.js';
import { tapCount, type StageRows } from './linear-stage.js';
import { refuseLoss } from './loss.js';
import { isFoldRefusal, type FoldRefusal } from './refusal.js';
import { leastNormal, narrow, storageFor, widen, type StoredArray } from './stored.js';

export interface RoundedStage {
  readonly weight: StoredArray;
  readonly bias: StoredArray;
}

/**
 * Rounds weights and biases once to the stored type. Refused, as every fold is, when anything is
 * not finite or overflows, and when underflow loses more of a channel than rounding may.
 */
export function roundStage(
  type: FloatType,
  { inputChannels, outputChannels, groups, window, bias, row }: StageRows,
): RoundedStage | FoldRefusal {
  const length = (inputChannels / groups) * tapCount(window);
  const stored = storageFor(type, outputChannels * length);
  const loss = new Float64Array(outputChannels);
  const mass = new Float64Array(outputChannels);
  // In float64 what fell below the normal range hides its loss: count all of it.
  const hidden = type === 'float64' ? leastNormal(type) : 0;
  for (let o = 0; o < outputChannels; o++) {
    let [size, lost] = [0, 0];
    const weight = row(o);
    const narrowed = narrow(type, weight);
    stored.set(narrowed, o * length);
    const rounded = narrowed instanceof Uint16Array ? widen(type, narrowed) : narrowed;
    for (let at = 0; at < length; at++) {
      const exact = weight[at]!;
      const magnitude = Math.abs(exact);
      size += magnitude;
      lost += Math.abs(rounded[at]! - exact);
      if (magnitude < hidden && exact !== 0) lost += hidden;
    }
    mass[o] = size;
    loss[o] = lost;
  }
  const terms = mass.map((size, o) => size + Math.abs(bias[o]!));
  const folded = roundBias(type, bias, terms);
  if (isFoldRefusal(folded)) return folded;
  const refusal = refuseLoss(type, { loss, mass }, widen(type, folded.stored));
  return refusal ?? { weight: stored, bias: folded.stored };
}
