import type { Machine } from './machine.js';
import type { Spread } from './measure.js';
import type { VerificationReport } from './report.js';

/** Times of one variant, which takes turns with the others. */
export interface VariantTimes {
  readonly variant: 'unfused' | 'fused';
  /** Milliseconds for one run: quartiles over the rounds' medians. */
  readonly latency: Spread;
  /** 95th percentile of single runs, the median over the rounds. */
  readonly p95: number;
  /** At the median latency. */
  readonly imagesPerSecond: number;
  /**
   * Time of `unfused` divided by that of this variant, round by round: above 1 this one is faster.
   */
  readonly ratio: Spread;
}

/** A whole model on the executor. */
export interface NetworkBench {
  readonly batch: number;
  readonly threads: number;
  readonly variants: readonly VariantTimes[];
  /** Why nothing was timed; undefined where something was. */
  readonly skipped: string | undefined;
}

/** A convolution of the fused model, on its own. */
export interface LayerBench {
  readonly batch: number;
  readonly threads: number;
  readonly node: string;
  /** The number of layers of this shape and kind in the model, which are timed once. */
  readonly count: number;
  /** Dimensions of the input, [N, C, ...spatial]. */
  readonly dims: readonly number[];
  readonly weight: readonly number[];
  readonly algorithm: string;
  /**
   * What was fused into the convolution: rules, Add, activation. Each was a pass over memory
   * before.
   */
  readonly passes: readonly string[];
  readonly variants: readonly VariantTimes[];
}

/** What fusing a model saves, measured. */
export interface ModelBench {
  readonly machine: Machine & { readonly backend: string; readonly isa: string };
  readonly seed: number;
  /** Fused sites. */
  readonly fused: number;
  /** The proof that both variants compute the same. */
  readonly verification: VerificationReport;
  readonly networks: readonly NetworkBench[];
  readonly layers: readonly LayerBench[];
}
