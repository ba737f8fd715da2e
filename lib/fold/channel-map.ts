import type { ChannelAffine, Statistics } from './batch-norm.js';

/** A channel-wise affine map, evaluated directly from the textbook formula. */
export interface ChannelMap {
  readonly factor: Float64Array;
  /** gamma * (x - mean) / sqrt(variance + epsilon) + beta */
  apply(channel: number, x: number): number;
  /**
   * The sum of the magnitudes of the terms that apply() adds, for an x whose own terms sum to `x`.
   */
  size(channel: number, x: number): number;
}

/**
 * The map of a batch norm or of channel-wise constants. It shares no code with the fold on purpose:
 * a check that used the fold's own scales could not find errors in them.
 */
export function channelMap(source: Statistics | ChannelAffine): ChannelMap {
  const norm = 'gamma' in source;
  const numerator = norm ? source.gamma : source.scale;
  const shift = norm ? source.beta : source.shift;
  const { mean } = source;
  const root = norm
    ? source.variance.map((v) => Math.sqrt(v + source.epsilon))
    : new Float64Array(numerator.length).fill(1);
  return {
    factor: numerator.map((n, c) => n / root[c]!),
    apply: (c, x) => (numerator[c]! * (x - mean[c]!)) / root[c]! + shift[c]!,
    size: (c, x) =>
      (Math.abs(numerator[c]!) * (Math.abs(x) + Math.abs(mean[c]!))) / root[c]! +
      Math.abs(shift[c]!),
  };
}
