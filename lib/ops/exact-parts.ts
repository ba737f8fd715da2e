// Cuts long sums of products with bytes into parts that float32 holds without rounding.

/** Float32 holds all whole numbers up to this, so smaller sums are exact in any order. */
const EXACT = 2 ** 24;

/** The largest difference of two bytes. */
const BYTE = 255;

/**
 * Rows of whole numbers, whose products with bytes are added up row by row. A row has `channels`
 * channels of `taps` adjacent numbers.
 */
export interface FactorRows {
  readonly values: Float64Array;
  readonly rows: number;
  readonly channels: number;
  readonly taps: number;
  /** Distance of consecutive rows, and of consecutive channels, in elements. */
  readonly rowStride: number;
  readonly channelStride: number;
}

/** Channels [from, to). */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts the channels into as few parts as possible, so that sum w * d over each part is exact in float32,
 * for each row w. The d are bytes minus a zero point z, so they are in [-z, 255 - z], and the absolute
 * value of a sum is at most 255 times the sum of the positive w, or that of the absolute negative w,
 * whichever is larger.
 *
 * @returns undefined if a single channel exceeds this bound
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

/**
 * Adds, for each row, the positive numbers of a channel to `above` and the absolute values of its negative
 * numbers to `below`. @returns the largest of all these sums
 */
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
