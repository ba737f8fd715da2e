import { setTimeout as sleep } from 'node:timers/promises';

import { argumentError, checkObject } from '../errors.js';

/** Days, at a millisecond per round; the times of all rounds still fit into memory. */
const MAX_ROUNDS = 2 ** 28;

/** A function to be timed against others. */
export interface Candidate {
  readonly name: string;
  readonly run: () => unknown;
}

export interface MeasureOptions {
  /** Number of rounds, in each of which every candidate has a turn. Default 9. */
  readonly rounds?: number;
  /** Time each candidate gets in a round, in milliseconds. Default 60. */
  readonly milliseconds?: number;
  /**
   * Pause before each turn, in milliseconds: thread pools of other engines keep spinning for a
   * while after a run, and would take a core from the next candidate. Default 0.
   */
  readonly settle?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Quartiles of a sample. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Measurement {
  readonly name: string;
  /** Milliseconds for one call, over the medians of the rounds. */
  readonly latency: Spread;
  /** 95th percentile of single calls, the median over the rounds. */
  readonly p95: number;
  /**
   * Time of the first candidate divided by that of this one, round by round: above 1 this one is
   * faster.
   */
  readonly ratio: Spread;
  /**
   * Median milliseconds of one call in each round, from which latency and ratio follow: see
   * ratioOf.
   */
  readonly rounds: Float64Array;
}

/** @throws ConvfuseError ERR_ARGUMENT */
export function checkTiming(timing: MeasureOptions): void {
  checkObject(timing, 'timing');
  const { rounds = 1, milliseconds = 0, settle = 0 } = timing;
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw argumentError(`a whole number from 1 to ${MAX_ROUNDS}`, 'timing.rounds', rounds);
  }
  for (const [name, time] of Object.entries({ milliseconds, settle })) {
    if (!(Number.isFinite(time) && time >= 0)) {
      throw argumentError('a number >= 0', `timing.${name}`, time);
    }
  }
}

/**
 * Times candidates against each other with tinybench. They take turns in short rounds, in rotating
 * order, and are compared round by round, so that drifting clocks and noisy neighbours affect all
 * of them alike. Each candidate runs once before the first round.
 */
export async function measure(
  candidates: readonly Candidate[],
  options: MeasureOptions = {},
): Promise<Measurement[]> {
  const { rounds = 9, milliseconds = 60, settle = 0, signal } = options;
  for (const { run } of candidates) await run();
  const medians = candidates.map(() => new Float64Array(rounds));
  const tails = candidates.map(() => new Float64Array(rounds));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < candidates.length; turn++) {
      signal?.throwIfAborted();
      const at = (turn + round) % candidates.length;
      if (settle > 0) await sleep(settle);
      const latencies = await turnOf(candidates[at]!, milliseconds);
      medians[at]![round] = quantile(latencies, 0.5);
      tails[at]![round] = quantile(latencies, 0.95);
    }
  }
  return candidates.map(({ name }, at) => ({
    name,
    latency: spreadOf(medians[at]!),
    p95: quantile(tails[at]!, 0.5),
    ratio: ratioOf(medians[0]!, medians[at]!),
    rounds: medians[at]!,
  }));
}

async function turnOf(candidate: Candidate, time: number): Promise<Float64Array> {
  // Loaded on demand, so that the command line starts without it.
  const { Bench } = await import('tinybench');
  const bench = new Bench({
    iterations: 1,
    time,
    warmup: false,
    throws: true,
    retainSamples: true,
  });
  bench.add(candidate.name, async () => {
    await candidate.run();
  });
  const [task] = await bench.run();
  const result = task?.result;
  if (result?.state !== 'completed') throw new Error(`${candidate.name} did not run`);
  return Float64Array.from(result.latency.samples ?? [result.latency.p50]);
}

/**
 * Time of one candidate divided by that of another, round by round: above 1 the other is faster.
 */
export function ratioOf(before: Float64Array, after: Float64Array): Spread {
  return spreadOf(after.map((time, round) => before[round]! / time));
}

export function spreadOf(sample: Float64Array): Spread {
  return {
    median: quantile(sample, 0.5),
    low: quantile(sample, 0.25),
    high: quantile(sample, 0.75),
  };
}

/** The quantile by linear interpolation between order statistics. */
export function quantile(sample: Float64Array, q: number): number {
  const sorted = sample.slice().sort();
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}
