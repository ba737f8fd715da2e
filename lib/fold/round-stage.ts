import type { FloatType } from '../tensor/dtype.js';
import { roundBias } from './fold-bias.js';
import type { LinearStage } from './linear-stage.js';
import { refuseLoss } from './loss.js';
import { isFoldRefusal, type FoldRefusal } from './refusal.js';
import { leastNormal, narrow, widen, type StoredArray } from './stored.js';

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
  { outputChannels, weight, bias }: LinearStage,
): RoundedStage | FoldRefusal {
  const stored = narrow(type, weight);
  const rounded = widen(type, stored);
  const loss = new Float64Array(outputChannels);
  const mass = new Float64Array(outputChannels);
  const row = weight.length / outputChannels;
  // In float64 what fell below the normal range hides its loss: count all of it.
  const hidden = type === 'float64' ? leastNormal(type) : 0;
  for (let o = 0, at = 0; o < outputChannels; o++) {
    let [size, lost] = [0, 0];
    for (const end = at + row; at < end; at++) {
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
