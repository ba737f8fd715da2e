// Interpolation at points between elements, as weighted sums of neighbouring elements.

export interface Tap {
  readonly offset: number;
  readonly weight: number;
}

/** Weights of consecutive indices along one axis, starting at `first`. */
export type Neighbours = readonly [first: number, weights: readonly number[]];

/** The two indices around a point, with linear weights. */
export function linearNeighbours(point: number): Neighbours {
  const first = Math.floor(point);
  return [first, [1 - (point - first), point - first]];
}

/**
 * Combines the taps of the axes so far with the neighbours along one more axis.
 *
 * @param offsetOf the offset of an index along the new axis; negative: the element counts as 0
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

/** The weighted sum around `from`. A NaN coordinate makes offsets and the result NaN. */
export function sumOf(taps: readonly Tap[], source: ArrayLike<number>, from: number): number {
  let sum = 0;
  for (const { offset, weight } of taps) sum += weight * (source[from + offset] ?? NaN);
  return sum;
}
