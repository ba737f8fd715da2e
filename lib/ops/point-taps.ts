// Points between elements, as sums of the elements around them.

export interface Tap {
  readonly offset: number;
  readonly weight: number;
}

/** Weights of consecutive indices of one axis, from the first on. */
export type Neighbours = readonly [first: number, weights: readonly number[]];

/** The two indices around a point. */
export function linearNeighbours(point: number): Neighbours {
  const first = Math.floor(point);
  return [first, [1 - (point - first), point - first]];
}

/**
 * The taps of all axes so far, by those of one more.
 *
 * @param offsetOf what an index adds to the offset; below 0: the element counts as 0
 */
export function combined(
  taps: readonly Tap[],
  [first, weights]: Neighbours,
  offsetOf: (index: number) => number,
): Tap[] {
  return taps.flatMap(({ offset, weight }) =>
    weights.flatMap((share, i) => {
      const more = offsetOf(first + i);
      return more < 0 ? [] : [{ offset: offset + more, weight: weight * share }];
    }),
  );
}

/** The sum at `from`. An offset that is no number is that of a point that is none: so is the result. */
export function sumOf(taps: readonly Tap[], source: ArrayLike<number>, from: number): number {
  let sum = 0;
  for (const { offset, weight } of taps) sum += weight * (source[from + offset] ?? NaN);
  return sum;
}
