// Element-wise arithmetic, as the addon is told of it.

/** An activation without parameters and without a tail. */
export const PLAIN = Float32Array.of(0, 0, 1, -0, -Infinity, Infinity);

type Place = readonly [offset: number, stride: number, advance: number];

/**
 * Two rows of three, each minus the same three: [function, plane, height, extents, length], and
 * places.
 */
export function rows(change: {
  readonly head?: readonly number[];
  readonly x?: Place;
  readonly other?: Place;
  readonly y?: Place;
}): Uint32Array {
  const {
    head = [2, 0, 0, 1, 1, 1, 2, 3],
    x = [0, 3, 0],
    other = [0, 0, 0],
    y = [0, 3, 0],
  } = change;
  const places = [x, other, y].flatMap(([offset, stride, advance]) => [
    ...[offset, 0, 0, 0, stride],
    advance,
  ]);
  return Uint32Array.of(...head, ...places);
}
