/** A(r, k) = data[start + r * rowStep + k * columnStep]. */
export interface StridedMatrix {
  readonly data: Float64Array;
  readonly start: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** A matrix whose rows are contiguous. */
export type RowMatrix = Omit<StridedMatrix, 'columnStep'>;

/** Rows and columns of a block of B, which stays in the second-level cache: 256 KiB. */
const DEPTH_BLOCK = 128;
const COLUMN_BLOCK = 256;

/** Rows of B processed together: five streams of reads and one of writes. */
const UNROLL = 4;

/**
 * C[r, j] += sum over k of A(r, k) B[k, j], in double. The terms of each element are added in the
 * order of k, one rounding each, so that the result does not depend on how the loops are blocked.
 *
 * @param rows of A and C
 * @param depth columns of A, rows of B
 * @param columns of B and C
 */
export function addProduct(
  [rows, depth, columns]: readonly [number, number, number],
  a: StridedMatrix,
  b: RowMatrix,
  c: RowMatrix,
): void {
  const factors = new Float64Array(UNROLL);
  for (let left = 0; left < columns; left += COLUMN_BLOCK) {
    const width = Math.min(COLUMN_BLOCK, columns - left);
    for (let top = 0; top < depth; top += DEPTH_BLOCK) {
      const bottom = Math.min(depth, top + DEPTH_BLOCK);
      for (let r = 0; r < rows; r++) {
        const to = c.start + r * c.rowStep + left;
        const row = a.start + r * a.rowStep;
        for (let k = top; k < bottom; k += UNROLL) {
          const count = Math.min(UNROLL, bottom - k);
          for (let i = 0; i < count; i++) factors[i] = a.data[row + (k + i) * a.columnStep]!;
          const from = b.start + k * b.rowStep + left;
          if (count === UNROLL) addFour(c.data, to, width, b.data, from, b.rowStep, factors);
          else {
            for (let i = 0; i < count; i++) {
              addRow(c.data, to, width, b.data, from + i * b.rowStep, factors[i]!);
            }
          }
        }
      }
    }
  }
}

function addFour(
  c: Float64Array,
  to: number,
  width: number,
  b: Float64Array,
  from: number,
  step: number,
  factors: Float64Array,
): void {
  const [f0, f1, f2, f3] = [factors[0]!, factors[1]!, factors[2]!, factors[3]!];
  const [second, third, fourth] = [from + step, from + 2 * step, from + 3 * step];
  for (let j = 0; j < width; j++) {
    let sum = c[to + j]!;
    sum += f0 * b[from + j]!;
    sum += f1 * b[second + j]!;
    sum += f2 * b[third + j]!;
    sum += f3 * b[fourth + j]!;
    c[to + j] = sum;
  }
}

function addRow(
  c: Float64Array,
  to: number,
  width: number,
  b: Float64Array,
  from: number,
  factor: number,
): void {
  for (let j = 0; j < width; j++) c[to + j]! += factor * b[from + j]!;
}
