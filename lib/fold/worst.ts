/** The worst of many comparisons. The fields are those of SiteCheck in rewrite/rule.ts. */
export interface WorstDifference {
  /**
   * The difference as a fraction of its bound: at most 1 passes. Infinity where a difference is
   * NaN.
   */
  readonly error: number;
  readonly bound: number;
  readonly samples: number;
}

/** Keeps the difference that is largest as a fraction of its bound. */
export class Worst {
  samples = 0;
  #error = 0;
  #bound = 0;

  compare(difference: number, bound: number): void {
    // Written so that a NaN difference counts as a failure, and divisions are rare.
    if (difference <= this.#error * bound) return;
    const error = difference / bound;
    this.#error = Number.isNaN(error) ? Infinity : error;
    this.#bound = bound;
  }

  get error(): number {
    return this.#error;
  }

  result(): WorstDifference {
    return { error: this.#error, bound: this.#bound, samples: this.samples };
  }
}
