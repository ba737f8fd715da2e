import type { ActivationKind } from '../backend/activation.js';
import type { Replacement } from './activation-sites.js';
import type { Spread } from './measure.js';
import type { OutputError } from './output-error.js';

export interface ActivationStudyProgress {
  readonly phase: 'error' | 'choose' | 'time';
  readonly done: number;
  readonly total: number;
}

/** A time with the activation as it is and with the other one, in milliseconds. */
export interface TimeChange {
  readonly before: Spread;
  readonly after: Spread;
  /** before / after, round by round: above 1 the swap is faster. */
  readonly ratio: Spread;
}

/** What swapping one activation does. */
export interface ActivationLayer {
  /** The label of the node, or of the last of those that spell the activation out. */
  readonly node: string;
  readonly activation: ActivationKind;
  /** Operators that it consists of. */
  readonly operators: readonly string[];
  /** The convolution in front, through batch norms and sums, if there is one. */
  readonly layer: string | undefined;
  /** Of the model's outputs, when this one alone is swapped. */
  readonly error: OutputError;
  /** Of the convolution with its activation; undefined where there is none, or nothing was timed. */
  readonly time: TimeChange | undefined;
  /** Whether it is in the set that the budget chose. */
  readonly chosen: boolean;
}

/** What swapping several does: on the outputs, and on a run of the whole network. */
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
  /** The layer whose swap changes the outputs least comes first. */
  readonly layers: readonly ActivationLayer[];
  /** All of them swapped. */
  readonly total: ActivationSwap;
  /** What the budget chose; undefined without one. */
  readonly chosen: (ActivationSwap & { readonly budget: number }) | undefined;
}
