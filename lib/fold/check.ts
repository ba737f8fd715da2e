import { unitRoundoff, type FloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { ChannelAffine, Statistics } from './batch-norm.js';
import { channelMap, type ChannelMap } from './channel-map.js';
import { checkNumbers } from './check-numbers.js';
import { samplePositions, type LayerGeometry } from './sample-positions.js';
import { leastNormal, subnormalHalfStep, widen, type StoredArray } from './stored.js';
import { Worst, type WorstDifference } from './worst.js';

/** Both sides of a fold's formula: the parameters that the file held, and the folded ones. */
export interface FoldedSite {
  readonly type: FloatType;
  readonly geometry: LayerGeometry;
  readonly before: {
    /** Read when the check runs, so that no copy is kept until then. */
    readonly weight: () => StoredArray;
    /** [biasRows, M], as doubles; undefined: zeros. */
    readonly bias: Float64Array | undefined;
    /** The layer computes gain * (W . x) + bias. */
    readonly gain?: number;
  };
  readonly after: { readonly weight: StoredArray; readonly bias: StoredArray };
  /** The map that was folded in, as the file holds it: the check derives everything else itself. */
  readonly map: Statistics | ChannelAffine;
  /** Whether the map was behind the layer (output) or in front of it (input). */
  readonly side: 'output' | 'input';
}

/** Products computed per site, on both sides together: some milliseconds. */
const BUDGET = 400_000;

/**
 * Compares map(layer(x)), or layer(map(x)), with the folded layer, in double, at sampled output
 * positions and channels, for a seeded x; and every folded weight and bias with its formula.
 * Elements of x are made on demand, so the cost grows with the kernel and not with the image.
 *
 * The bound is that of rounding once: 2u (sum of abs(s w x) + abs(b')), plus what subnormal weights
 * lose, plus the rounding of the check's own double sums.
 *
 * @param seed of x
 * @returns the worst difference as a fraction of its bound: at most 1 passes
 */
export function checkFold(site: FoldedSite, seed: number): WorstDifference {
  const worst = new Worst();
  const map = channelMap(site.map);
  const before = asNumbers(site.type, site.before.weight());
  const after = asNumbers(site.type, site.after.weight);
  const { bias, gain = 1 } = site.before;
  checkNumbers({ ...site, map, before, after, bias, gain, newBias: site.after.bias }, worst);
  sample(site, map, before, after, seed, worst);
  return worst.result();
}

function sample(
  site: FoldedSite,
  map: ChannelMap,
  before: Float32Array | Float64Array,
  after: Float32Array | Float64Array,
  seed: number,
  worst: Worst,
): void {
  const { type, geometry, side } = site;
  const { inputChannels, outputChannels, groups, transposed } = geometry;
  const inputs = inputChannels / groups;
  const outputs = outputChannels / groups;
  const taps = elementCount(geometry.window.kernel);
  const gain = site.before.gain ?? 1;
  const bias = site.before.bias;
  const newBias = widen(type, site.after.bias);
  const u = unitRoundoff(type);
  const least = leastNormal(type);
  const step = subnormalHalfStep(type);
  const noise = 2 * (inputs * taps + 6) * 2 ** -53;
  const onOutput = side === 'output';
  const positions = samplePositions(geometry);
  const each = Math.floor(BUDGET / (2 * positions.length * Math.max(1, inputs * taps)));
  for (const channel of spread(outputChannels, Math.max(4, each))) {
    const group = Math.floor(channel / outputs);
    // Element (i, tap) of this output channel lies at base + i * stride + tap.
    const stride = transposed ? outputs * taps : taps;
    const base = transposed
      ? (group * inputs * outputs + (channel % outputs)) * taps
      : channel * inputs * taps;
    for (const position of positions) {
      let left = 0;
      let right = 0;
      let mass = 0;
      let raw = 0;
      let lost = 0;
      for (let i = 0; i < inputs; i++) {
        const input = group * inputs + i;
        for (let t = 0; t < position.taps.length; t++) {
          const x = inputValue(seed, input, position.places[t]!);
          const at = base + i * stride + position.taps[t]!;
          const folded = after[at]! * x;
          const plain = gain * before[at]! * (onOutput ? x : map.apply(input, x));
          left += plain;
          right += folded;
          raw +=
            Math.abs(onOutput ? plain : gain * before[at]!) * (onOutput ? 1 : map.size(input, x));
          mass += Math.abs(folded);
          if (Math.abs(after[at]!) < least) lost += step * Math.abs(x);
        }
      }
      const row = position.biasRow * outputChannels + channel;
      const b = bias === undefined ? 0 : bias[row]!;
      const expected = onOutput ? map.apply(channel, left + b) : left + b;
      const size = onOutput ? map.size(channel, raw + Math.abs(b)) : raw + Math.abs(b);
      const stored = newBias[row]!;
      const bound = 2 * u * (mass + Math.abs(stored)) + lost + step + noise * size;
      worst.compare(Math.abs(right + stored - expected), bound);
      worst.samples += 1;
    }
  }
}

/** Up to `count` evenly spaced channels, including the first and the last. */
export function spread(channels: number, count: number): number[] {
  if (channels <= count) return Array.from({ length: channels }, (_, c) => c);
  return Array.from({ length: count }, (_, i) => Math.round((i * (channels - 1)) / (count - 1)));
}

/**
 * A number in [-1, 1) that depends on seed, channel and place alone. It has 24 bits, so it is exact
 * in float32.
 */
export function inputValue(seed: number, channel: number, place: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(channel + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15) ^ place, 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >> 8) / 2 ** 23;
}

function asNumbers(type: FloatType, data: StoredArray): Float32Array | Float64Array {
  return data instanceof Uint16Array ? widen(type, data) : data;
}
