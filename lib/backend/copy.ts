import type { TensorData } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';

/** Elements that are moved as they are. */
export type Elements = Exclude<TensorData, readonly string[]>;

/** Axes that a backend takes, once axes that go on in each other are one. */
const MAX_AXES = 8;

/**
 * [offset in x, offset in y], then for each axis its size and its strides in x and in y, in elements. An
 * element goes from the one sum of an offset and multiples of strides to the other.
 */
export type CopyPlaces = Int32Array;

/** x and y are of one kind. No two elements may go to the same place. */
export interface CopyCall {
  readonly x: Elements;
  readonly y: Elements;
  readonly places: CopyPlaces;
  readonly threads: number | undefined;
}

/**
 * Where elements of `dims` lie, in as few axes as they take.
 *
 * @param from strides in x
 * @param to strides in y
 * @returns undefined where these are too many axes, or too many elements
 */
export function copyPlaces(
  dims: readonly number[],
  from: readonly number[],
  to: readonly number[],
  xOffset = 0,
  yOffset = 0,
): CopyPlaces | undefined {
  const axes: (readonly [number, number, number])[] = [];
  dims.forEach((size, i) => {
    if (size === 1) return;
    const [x, y] = [from[i]!, to[i]!];
    const last = axes.at(-1);
    if (last?.[1] === x * size && last[2] === y * size) axes.splice(-1, 1, [last[0] * size, x, y]);
    else axes.push([size, x, y]);
  });
  if (axes.length > MAX_AXES || elementCount(dims) >= 2 ** 31) return undefined;
  return Int32Array.of(xOffset, yOffset, ...axes.flat());
}
