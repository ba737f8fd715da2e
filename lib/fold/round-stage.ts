import type { ScaledRows } from '../backend/backend.js';
import type { FloatType } from '../tensor/dtype.js';
import { roundBias } from './fold-bias.js';
import { tapCount, type StageRows } from './linear-stage.js';
import { refuseLoss } from './loss.js';
import { isFoldRefusal, type FoldRefusal } from './refusal.js';
import { leastNormal, narrowInto, storageFor, widen, type StoredArray } from './stored.js';

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
    const exact = row(o);
    narrowInto(type, exact, stored, o * length);
    const part = stored.subarray(o * length, (o + 1) * length);
    const rounded = part instanceof Uint16Array ? widen(type, part) : part;
    measure(o, exact, rounded, hidden, { loss, mass });
  }
  const terms = mass.map((size, o) => size + Math.abs(bias[o]!));
  const folded = roundBias(type, bias, terms);
  if (isFoldRefusal(folded)) return folded;
  const refusal = refuseLoss(type, { loss, mass }, widen(type, folded.stored));
  return refusal ?? { weight: stored, bias: folded.stored };
}

/**
 * Sums the magnitudes of one output's weights, and what rounding took from them.
 *
 * @param hidden what a number below it, and not 0, counts for besides
 */
function measure(
  o: number,
  exact: Float64Array,
  rounded: Float32Array | Float64Array,
  hidden: number,
  into: Pick<ScaledRows, 'loss' | 'mass'>,
): void {
  let mass = 0;
  let loss = 0;
  for (let i = 0; i < exact.length; i++) {
    const value = exact[i]!;
    const magnitude = Math.abs(value);
    mass += magnitude;
    loss += Math.abs(rounded[i]! - value);
    if (magnitude < hidden && magnitude !== 0) loss += hidden;
  }
  into.mass[o] = mass;
  into.loss[o] = loss;
}
