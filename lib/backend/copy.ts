import type { TensorData } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';

/** Elements that are moved without conversion. */
export type Elements = Exclude<TensorData, readonly string[]>;

/** The most axes that a backend takes, after contiguous axes were joined. */
const MAX_AXES = 8;

/**
 * [offset in x, offset in y], then [size, stride in x, stride in y] for each axis, all in elements.
 * The element at index (i, j, ...) moves from offset + i * stride + j * stride + ... in x to the
 * same sum with the offset and strides of y.
 */
export type CopyPlaces = Int32Array;

/** x and y must be arrays of the same kind. No two elements may move to the same place. */
export interface CopyCall {
  readonly x: Elements;
  readonly y: Elements;
  readonly places: CopyPlaces;
  readonly threads: number | undefined;
}

/**
 * The places of a tensor of `dims` in x and y, with as few axes as possible.
 *
 * @param from strides in x
 * @param to strides in y
 * @returns undefined where there are too many axes or elements for a backend
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
