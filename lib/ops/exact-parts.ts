// Where long sums of products with bytes are cut, so that float32 holds each part without rounding.

/** Float32 holds all whole numbers up to this, so smaller sums are exact in any order. */
const EXACT = 2 ** 24;

/** The largest difference of two bytes. */
const BYTE = 255;

/** Whole factors, added up along `channels`, each of `taps` numbers side by side. */
export interface FactorRows {
  readonly values: Float64Array;
  readonly rows: number;
  readonly channels: number;
  readonly taps: number;
  /** Elements from row to row, and from channel to channel. */
  readonly rowStride: number;
  readonly channelStride: number;
}

/** Channels [from, to). */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/**
 * As few parts as there can be over which sum w * d is exact for each row, where d are bytes minus one
 * zero point. They lie in [-z, 255 - z], so that no sum is further from 0 than 255 times what the positive
 * w add up to, or the negative ones.
 *
 * @returns undefined where one channel alone is too much
 */
export function exactParts(factors: FactorRows): readonly Part[] | undefined {
  const { rows, channels } = factors;
  const parts: Part[] = [];
  let [above, below] = [new Float64Array(rows), new Float64Array(rows)];
  let from = 0;
  for (let channel = 0; channel < channels; channel++) {
    if (addChannel(factors, channel, above, below) * BYTE < EXACT) continue;
    if (channel > from) parts.push({ from, to: channel });
    from = channel;
    [above, below] = [new Float64Array(rows), new Float64Array(rows)];
    if (addChannel(factors, channel, above, below) * BYTE >= EXACT) return undefined;
  }
  return [...parts, { from, to: channels }];
}

/** Adds up what is above and below 0, row by row. @returns the most that any row has of either */
function addChannel(
  { values, rows, taps, rowStride, channelStride }: FactorRows,
  channel: number,
  above: Float64Array,
  below: Float64Array,
): number {
  let most = 0;
  for (let row = 0; row < rows; row++) {
    let [more, less] = [above[row]!, below[row]!];
    const begin = row * rowStride + channel * channelStride;
    for (let i = begin; i < begin + taps; i++) {
      const value = values[i]!;
      if (value > 0) more += value;
      else less -= value;
    }
    above[row] = more;
    below[row] = less;
    most = Math.max(most, more, less);
  }
  return most;
}
