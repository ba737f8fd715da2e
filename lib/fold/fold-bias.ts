import { unitRoundoff, type FloatType } from '../tensor/dtype.js';
import type { ChannelAffine } from './batch-norm.js';
import { lossRefusal } from './loss.js';
import type { FoldRefusal } from './refusal.js';
import { narrow, widen, type StoredArray } from './stored.js';

/**
 * b'[c] = s[c] * (b[c] - mean[c]) + shift[c], computed in double in this form, rounded once.
 *
 * @param bias rows of one value per channel; undefined: one row of zeros
 * @param mass per channel, the sum of the magnitudes of its folded weights. The rounding error of a
 * bias is measured against this and the magnitudes of its own terms.
 */
export function foldBias(
  type: FloatType,
  bias: Float64Array | undefined,
  { scale, mean, shift }: ChannelAffine,
  mass: Float64Array,
): { stored: StoredArray } | FoldRefusal {
  const channels = scale.length;
  const values = new Float64Array(bias?.length ?? channels);
  const terms = new Float64Array(values.length);
  for (let i = 0, c = 0; i < values.length; i++, c = c + 1 === channels ? 0 : c + 1) {
    const s = scale[c]!;
    const b = bias === undefined ? 0 : bias[i]!;
    if (!Number.isFinite(b)) {
      return { reason: 'non-finite', detail: `the bias of channel ${c} is not finite` };
    }
    values[i] = s * (b - mean[c]!) + shift[c]!;
    terms[i] = mass[c]! + Math.abs(s) * (Math.abs(b) + Math.abs(mean[c]!)) + Math.abs(shift[c]!);
  }
  return roundBias(type, values, terms);
}

/**
 * Rounds biases once. Refuses those that overflow, or lose more than rounding may.
 *
 * @param terms per bias, the sum of the magnitudes of its terms
 */
export function roundBias(
  type: FloatType,
  values: Float64Array,
  terms: Float64Array,
): { stored: StoredArray } | FoldRefusal {
  const u = unitRoundoff(type);
  const stored = narrow(type, values);
  const rounded = widen(type, stored);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(rounded[i]!)) {
      const detail = `folded bias ${i} is ${values[i]}, which is not finite in ${type}`;
      return { reason: 'non-finite', detail };
    }
    const lost = Math.abs(rounded[i]! - values[i]!);
    if (lost > u * terms[i]!) return lossRefusal(i, lost, terms[i]!);
  }
  return { stored };
}
