import type { FloatArray } from '../backend/backend.js';
import { elementCount } from '../tensor/shape.js';

/** [N, ...spatial, C] as [N, C, ...spatial]. */
export function channelsFirstDims(dims: readonly number[]): number[] {
  return [dims[0]!, dims.at(-1)!, ...dims.slice(1, -1)];
}

/** [N, C, ...spatial] as [N, ...spatial, C]. */
export function channelsLastDims(dims: readonly number[]): number[] {
  return [dims[0]!, ...dims.slice(2), dims[1]!];
}

/** Elements of [N, ...spatial, C] reordered to [N, C, ...spatial]. `dims` is the latter. */
export function toChannelsFirst<A extends FloatArray>(source: A, dims: readonly number[]): A {
  const target = source.slice() as A;
  const plane = elementCount(dims.slice(2));
  transpose(source, target, dims[0]!, plane, dims[1]!);
  return target;
}

/** Elements of [N, C, ...spatial] (`dims`) reordered to [N, ...spatial, C], written to `target`. */
export function toChannelsLast(
  source: FloatArray,
  target: FloatArray,
  dims: readonly number[],
): void {
  transpose(source, target, dims[0]!, dims[1]!, elementCount(dims.slice(2)));
}

/** target[n, c, r] = source[n, r, c], in tiles that stay in the first-level cache. */
function transpose(
  source: FloatArray,
  target: FloatArray,
  batch: number,
  rows: number,
  cols: number,
): void {
  const tile = 32;
  for (let n = 0; n < batch; n++) {
    const base = n * rows * cols;
    for (let r0 = 0; r0 < rows; r0 += tile) {
      const r1 = Math.min(rows, r0 + tile);
      for (let c0 = 0; c0 < cols; c0 += tile) {
        const c1 = Math.min(cols, c0 + tile);
        for (let r = r0; r < r1; r++) {
          for (let c = c0; c < c1; c++) {
            target[base + c * rows + r] = source[base + r * cols + c]!;
          }
        }
      }
    }
  }
}
