import { unitRoundoff, type FloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { ChannelMap } from './channel-map.js';
import type { LayerGeometry } from './sample-positions.js';
import { subnormalHalfStep, widen, type StoredArray } from './stored.js';
import type { Worst } from './worst.js';

type Numbers = Float32Array | Float64Array;

interface FoldedNumbers {
  readonly type: FloatType;
  readonly geometry: LayerGeometry;
  readonly map: ChannelMap;
  readonly side: 'output' | 'input';
  readonly before: Numbers;
  readonly after: Numbers;
  readonly bias: Float64Array | undefined;
}

/** Compares every folded weight with factor * weight, and every folded bias with its formula. */
export function checkNumbers(
  site: FoldedNumbers & { readonly newBias: StoredArray; readonly gain: number },
  worst: Worst,
): void {
  const { type, geometry, map, side, bias, gain } = site;
  const { inputChannels, outputChannels, groups, transposed } = geometry;
  const inputs = inputChannels / groups;
  const outputs = outputChannels / groups;
  const taps = elementCount(geometry.window.kernel);
  // Twice the error of one rounding. In float64 the factor itself is a few roundings off.
  const u = unitRoundoff(type) * (type === 'float64' ? 8 : 2);
  const step = subnormalHalfStep(type);
  const shifts = new Float64Array(outputChannels);
  const sizes = new Float64Array(outputChannels);
  const outer = transposed ? inputChannels : outputChannels;
  const inner = transposed ? outputs : inputs;
  const perGroup = transposed ? inputs : outputs;
  for (let o = 0, at = 0; o < outer; o++) {
    const first = Math.floor(o / perGroup) * inner;
    if (side === 'output' && !transposed) {
      const end = at + inner * taps;
      compareRow(site.before, site.after, at, end, gain * map.factor[o]!, u, step, worst);
      at = end;
      continue;
    }
    for (let i = first; i < first + inner; i++) {
      const input = transposed ? o : i;
      const output = transposed ? i : o;
      const factor = gain * map.factor[side === 'output' ? output : input]!;
      const end = at + taps;
      compareRow(site.before, site.after, at, end, factor, u, step, worst);
      if (side === 'input') {
        const shift = gain * map.apply(input, 0);
        const size = Math.abs(gain) * map.size(input, 0);
        for (let tap = at; tap < end; tap++) {
          shifts[output]! += site.before[tap]! * shift;
          sizes[output]! += Math.abs(site.before[tap]!) * size;
        }
      }
      at = end;
    }
  }
  const stored = widen(type, site.newBias);
  for (let row = 0; row < stored.length; row++) {
    const c = row % outputChannels;
    const b = bias === undefined ? 0 : bias[row]!;
    const onOutput = side === 'output';
    const expected = onOutput ? map.apply(c, b) : b + shifts[c]!;
    const size = onOutput ? map.size(c, b) : Math.abs(b) + sizes[c]!;
    const noise = (onOutput ? 8 : 8 + inputs * taps) * 2 ** -53;
    worst.compare(
      Math.abs(stored[row]! - expected),
      u * Math.abs(stored[row]!) + step + noise * size,
    );
  }
}

function compareRow(
  before: Numbers,
  after: Numbers,
  start: number,
  end: number,
  factor: number,
  u: number,
  step: number,
  worst: Worst,
): void {
  let { error } = worst;
  for (let i = start; i < end; i++) {
    const expected = before[i]! * factor;
    const difference = Math.abs(after[i]! - expected);
    const bound = u * Math.abs(expected) + step;
    // Written so that a NaN difference counts as a failure.
    if (difference <= error * bound) continue;
    worst.compare(difference, bound);
    ({ error } = worst);
  }
}
