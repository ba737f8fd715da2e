import type { ActivationKind } from '../backend/activation.js';
import type { Replacement } from './activation-sites.js';
import type { Spread } from './measure.js';
import type { OutputError } from './output-error.js';

export interface ActivationStudyProgress {
  readonly phase: 'error' | 'choose' | 'time';
  readonly done: number;
  readonly total: number;
}

/** Times with the original activation and with its replacement, in milliseconds. */
export interface TimeChange {
  readonly before: Spread;
  readonly after: Spread;
  /** before / after, round by round: above 1 the swap is faster. */
  readonly ratio: Spread;
}

/** The effects of swapping one activation. */
export interface ActivationLayer {
  /** The label of the node, or of the last of several that compute the activation. */
  readonly node: string;
  readonly activation: ActivationKind;
  /** Operators that it consists of. */
  readonly operators: readonly string[];
  /** The convolution in front, perhaps with batch norms and sums between, if there is one. */
  readonly layer: string | undefined;
  /** Error of the model's outputs when only this one is swapped. */
  readonly error: OutputError;
  /**
   * Times of the convolution with its activation; undefined where there is none, or nothing was
   * timed.
   */
  readonly time: TimeChange | undefined;
  /** Whether it is in the set that the budget chose. */
  readonly chosen: boolean;
}

/**
 * The effects of swapping several activations, on the outputs and on a run of the whole network.
 */
export interface ActivationSwap {
  readonly layers: number;
  readonly error: OutputError;
  readonly time: TimeChange | undefined;
}

export interface ActivationStudy {
  readonly replace: readonly ActivationKind[];
  readonly with: Replacement;
  readonly inputs: 'given' | 'random';
  readonly runs: number;
  readonly seed: number;
  /** The layers in the order of their errors, smallest first. */
  readonly layers: readonly ActivationLayer[];
  /** The result with all layers swapped. */
  readonly total: ActivationSwap;
  /** What the budget chose; undefined without one. */
  readonly chosen: (ActivationSwap & { readonly budget: number }) | undefined;
}
