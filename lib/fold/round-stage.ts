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
 * Rounds weights and biases once to the stored type. Like every fold, refused when anything is not
 * finite or overflows, and when underflow costs a channel more than rounding may.
 */
export function roundStage(
  type: FloatType,
  { inputChannels, outputChannels, groups, window, bias, row }: StageRows,
): RoundedStage | FoldRefusal {
  const length = (inputChannels / groups) * tapCount(window);
  const stored = storageFor(type, outputChannels * length);
  const loss = new Float64Array(outputChannels);
  const mass = new Float64Array(outputChannels);
  for (let o = 0; o < outputChannels; o++) {
    const exact = row(o);
    const part = stored.subarray(o * length, (o + 1) * length);
    if (part instanceof Float32Array) roundFloats(o, exact, part, { loss, mass });
    else roundOthers(type, o, exact, part, { loss, mass });
  }
  const terms = mass.map((size, o) => size + Math.abs(bias[o]!));
  const folded = roundBias(type, bias, terms);
  if (isFoldRefusal(folded)) return folded;
  const refusal = refuseLoss(type, { loss, mass }, widen(type, folded.stored));
  return refusal ?? { weight: stored, bias: folded.stored };
}

type Sums = Pick<ScaledRows, 'loss' | 'mass'>;

/**
 * Rounds the weights of one output; in the same pass sums their magnitudes and their rounding
 * errors.
 */
function roundFloats(o: number, exact: Float64Array, stored: Float32Array, into: Sums): void {
  let mass = 0;
  let loss = 0;
  for (let i = 0; i < exact.length; i++) {
    const value = exact[i]!;
    const rounded = Math.fround(value);
    stored[i] = rounded;
    mass += Math.abs(value);
    loss += Math.abs(rounded - value);
  }
  into.mass[o] = mass;
  into.loss[o] = loss;
}

/** roundFloats() for the other types. */
function roundOthers(
  type: FloatType,
  o: number,
  exact: Float64Array,
  stored: Float64Array | Uint16Array,
  into: Sums,
): void {
  narrowInto(type, exact, stored);
  const rounded = widen(type, stored);
  // No wider type shows what a subnormal float64 number has lost, so all of it counts as lost.
  const hidden = type === 'float64' ? leastNormal(type) : 0;
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
