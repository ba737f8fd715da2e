import type { FoldRefusal } from './refusal.js';

/** y = scale[c] * (x - mean[c]) + shift[c], for every channel c. All three of length C. */
export interface ChannelAffine {
  readonly scale: Float64Array;
  readonly mean: Float64Array;
  readonly shift: Float64Array;
}

/** The stored parameters of a batch norm in inference, as doubles. All four of length C. */
export interface Statistics {
  readonly gamma: Float64Array;
  readonly beta: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly epsilon: number;
}

/**
 * Batch norm in inference as a channel-wise affine map: scale = gamma / sqrt(variance + epsilon)
 * (Ioffe and Szegedy 2015, algorithm 2, with the running statistics). Computed in double and only
 * in this form, so that every fold rounds alike.
 *
 * A negative variance is refused even where epsilon makes the root real: true statistics are never
 * negative, so the file is damaged, and engines disagree on the result.
 */
export function batchNormAffine(statistics: Statistics): ChannelAffine | FoldRefusal {
  const { gamma, beta, mean, variance, epsilon } = statistics;
  if (!(epsilon >= 0 && epsilon < Infinity)) {
    return { reason: 'non-finite', detail: `epsilon is ${epsilon}` };
  }
  const scale = new Float64Array(gamma.length);
  for (let c = 0; c < scale.length; c++) {
    const g = gamma[c]!;
    const v = variance[c]!;
    if (v < 0 || v + epsilon === 0) {
      return { reason: 'non-finite', detail: `channel ${c} has variance ${v}, epsilon ${epsilon}` };
    }
    const s = g / Math.sqrt(v + epsilon);
    const sum = s + mean[c]! + beta[c]! + v;
    if (!Number.isFinite(sum) && !allFinite(g, s, mean[c]!, beta[c]!, v)) {
      return { reason: 'non-finite', detail: `channel ${c} has a parameter that is not finite` };
    }
    if (s === 0 && g !== 0) {
      return { reason: 'precision-loss', detail: `the scale of channel ${c} underflows` };
    }
    scale[c] = s;
  }
  return { scale, mean, shift: beta };
}

/** The map y = factor[c] * x of a channel-wise Mul or Div. */
export function scaling(factor: Float64Array): ChannelAffine {
  const zeros = new Float64Array(factor.length);
  return { scale: factor, mean: zeros, shift: zeros };
}

/** The map y = sign * x + shift[c] of a channel-wise Add or Sub. */
export function shifting(shift: Float64Array, sign: 1 | -1 = 1): ChannelAffine {
  const scale = new Float64Array(shift.length).fill(sign);
  return { scale, mean: new Float64Array(shift.length), shift };
}

function allFinite(...values: readonly number[]): boolean {
  return values.every((value) => Number.isFinite(value));
}
