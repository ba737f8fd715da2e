import { unitRoundoff, type FloatType } from '../tensor/dtype.js';
import { resolveWindow } from '../tensor/window.js';
import { inputValue, spread } from './check.js';
import { tapCount } from './linear-stage.js';
import { imageSizes, sampleCoordinates } from './sample-positions.js';
import { StageChain, type CheckedLayer, type CheckedStage } from './stage-chain.js';
import { leastNormal, subnormalHalfStep } from './stored.js';
import { Worst, type WorstDifference } from './worst.js';

/** Both sides of a merge: branches on one input whose outputs are added, and one layer. */
export interface StagedSite {
  readonly type: FloatType;
  readonly inputChannels: number;
  /** The stages of each branch, in execution order; none where the branch is the input itself. */
  readonly branches: readonly (readonly CheckedStage[])[];
  readonly after: CheckedLayer;
}

/** Products computed for the last layer of a branch: some milliseconds. */
const BUDGET = 1_000_000;

/**
 * Compares the sum of branch(x) with the merged layer, in double, at sampled output positions:
 * corners, borders and inside. Branches are evaluated stage by stage as in the original graph, each
 * stage with its own window, so that pads between stages stay where they were. x is the product of
 * one number per channel and one per place. All weights are then examined in time linear in the
 * weights, and all channels too, unless a branch has several layers.
 *
 * The bound is that of rounding once: 2u (sum of abs(w' x) + abs(b')), plus what subnormal weights
 * lose, plus the rounding of double sums.
 *
 * @param seed of x
 * @returns the worst difference as a fraction of its bound: at most 1 passes
 */
export function checkStages(site: StagedSite, seed: number): WorstDifference {
  const { type, branches, after } = site;
  const worst = new Worst();
  const sizes = imageSizes(after.window);
  const input = inputOf(site.inputChannels, sizes, seed);
  const channels = sampledChannels(site);
  const merged = new StageChain([after], input, channels, leastNormal(type));
  const chains = branches.map((stages) => new StageChain(stages, input, channels, 0));
  const { output } = resolveWindow(after.window, sizes);
  if (chains.some((chain) => chain.outputSizes.join() !== output.join())) {
    worst.compare(NaN, 1);
    return worst.result();
  }
  const u = unitRoundoff(type);
  const step = subnormalHalfStep(type);
  const terms = [...chains, merged].reduce((sum, chain) => sum + chain.terms, 6);
  const noise = 2 * terms * 2 ** -53;
  for (const place of sampleCoordinates(output)) {
    const right = merged.at(place)!;
    const parts = chains.map((chain) => chain.at(place)!);
    for (const o of channels) {
      const sum = (of: 'values' | 'sizes'): number =>
        parts.reduce((total, part) => total + part[of][o]!, 0);
      const bound = 2 * u * right.sizes[o]! + step * (1 + right.tiny[o]!) + noise * sum('sizes');
      worst.compare(Math.abs(right.values[o]! - sum('values')), bound);
      worst.samples += 1;
    }
  }
  return worst.result();
}

/** The input image: a factor per channel times a factor per place. */
function inputOf(channels: number, sizes: readonly number[], seed: number) {
  const factors = Float64Array.from({ length: channels }, (_, c) => farFromZero(seed, c, 0));
  const place = (coordinates: readonly number[]): number => {
    const at = coordinates.reduce((index, x, axis) => index * sizes[axis]! + x, 0);
    return farFromZero(~seed, 0, at);
  };
  return { sizes, factors, place };
}

/** A number of magnitude in [1/2, 1]: a factor near 0 would hide errors of its channel or place. */
function farFromZero(seed: number, channel: number, place: number): number {
  const value = inputValue(seed, channel, place);
  return (value + (value < 0 ? -1 : 1)) / 2;
}

function sampledChannels({ branches, after }: StagedSite): number[] {
  const deep = branches
    .map((stages) => stages.filter((stage) => stage.kind === 'layer'))
    .filter((layers) => layers.length > 1)
    .map((layers) => layers.at(-1)!);
  const products = deep.map(
    ({ inputChannels, groups, window }) => (inputChannels / groups) * tapCount(window),
  );
  const most = Math.max(1, ...products);
  const count = deep.length === 0 ? Infinity : Math.max(4, Math.floor(BUDGET / (9 * most)));
  return spread(after.outputChannels, count);
}
