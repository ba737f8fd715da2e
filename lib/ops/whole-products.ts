// Matrix products of bytes minus their zero points, without rounding.

import type { FloatArray } from '../backend/backend.js';
import { elementCount } from '../tensor/shape.js';
import { broadcastStrides, outerOffsets } from './broadcast.js';
import type { NumberArray } from './elementwise.js';
import { exactParts, type Part } from './exact-parts.js';
import { isSingle, productOf, type Product } from './matmul.js';
import type { Evaluation } from './operator.js';
import { repeatedProducts } from './product.js';
import { centre, scratch, zerosOf, type Quantised } from './quantised.js';

/** Some rows of B, as a matrix. */
interface PartMatrix extends Part {
  readonly matrix: FloatArray;
}

/** B minus its zero points, as float32, on which backends are fast, where sums over some rows are exact in it. */
class WholeMatrix {
  readonly kind: 'float32' | 'float64';
  readonly parts: readonly PartMatrix[];

  constructor(call: Evaluation, b: Quantised, k: number, n: number) {
    const values = new Float64Array(b.x.data.length);
    centre(b.x, zerosOf(call.node, b, n), (i) => i % n, values);
    const strides = { rowStride: 1, channelStride: n };
    // For a stack, sums over the rows of all its matrices: an upper bound. Mostly there is one matrix.
    const rows = isSingle(b.x.dims) ? k : values.length / Math.max(1, n);
    const exact = exactParts({ values, rows: n, channels: rows, taps: 1, ...strides });
    const narrow = exact !== undefined && (exact.length === 1 || rows === k);
    this.kind = narrow ? 'float32' : 'float64';
    this.parts = (narrow ? exact : [{ from: 0, to: rows }]).map(({ from, to }) => {
      const part = values.subarray(from * n, to * n);
      return { from, to, matrix: narrow ? new Float32Array(part) : part };
    });
  }
}

export interface WholeProduct {
  readonly dims: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly sums: FloatArray | Int32Array;
}

/**
 * The product of stacks. Zero points are one for all, or one for each row of A, column of B.
 *
 * @param constant whether B and its zero points are the same in every run
 */
export function multiplyWhole(
  call: Evaluation,
  a: Quantised,
  b: Quantised,
  constant: boolean,
): WholeProduct {
  const { node } = call;
  const shape = productOf(node, a.x.dims, b.x.dims);
  const { m, k, n, out: dims } = shape;
  const make = (): WholeMatrix => new WholeMatrix(call, b, k, n);
  const whole = constant ? call.keep(make) : make();
  const sums =
    whole.parts.length > 1
      ? addUp(call, a, shape, whole.parts)
      : multiply(call, a, b, shape, whole);
  return { dims, m, n, sums };
}

function multiply(
  call: Evaluation,
  a: Quantised,
  b: Quantised,
  { batch, m, k, n, out }: Product<number>,
  { kind, parts }: WholeMatrix,
): FloatArray {
  const { node, backend } = call;
  const row = (i: number): number => Math.floor(i / k) % m;
  const rows = centre(a.x, zerosOf(node, a, m), row, scratch(call, kind, a.x.data.length));
  const sums = scratch(call, kind, elementCount(out));
  const single = isSingle(b.x.dims);
  const count = elementCount(batch);
  const at = (from: readonly number[], size: number): ArrayLike<number> => {
    const strides = broadcastStrides(from.slice(0, -2), batch);
    return outerOffsets(batch, strides, count).map((index) => index * size);
  };
  const run = repeatedProducts({
    ...{ backend, matrix: parts[0]!.matrix, m: single ? count * m : m, n, k },
    ...{ transA: false, transB: false },
    aAt: single ? [0] : at(a.x.dims, m * k),
    bAt: single ? [0] : at(b.x.dims, k * n),
    ...{ alpha: 1, beta: 0, start: undefined, activation: undefined },
  });
  run(rows, undefined, sums);
  return sums;
}

/** Multiplies parts of the rows of a single matrix B by the same columns of A, and adds up the products. */
function addUp(
  call: Evaluation,
  a: Quantised,
  { m, k, n, out }: Product<number>,
  parts: readonly PartMatrix[],
): Int32Array {
  const rows = a.x.data.length / k;
  const zeros = zerosOf(call.node, a, m);
  const sums = call.allocate('int32', out) as Int32Array;
  const some = scratch(call, 'float32', sums.length);
  for (const { from, to, matrix } of parts) {
    const columns = scratch(call, 'float32', rows * (to - from));
    const source = a.x.data as NumberArray;
    for (let row = 0, i = 0; row < rows; row++) {
      const zero = zeros.length === 1 ? zeros[0]! : zeros[row % m]!;
      for (let at = row * k + from; at < row * k + to; at++) columns[i++] = source[at]! - zero;
    }
    const shape = { m: rows, n, k: to - from, transA: false, transB: false, alpha: 1, beta: 0 };
    call.backend.gemm({ ...shape, a: columns, b: matrix, c: some });
    if (from === 0) for (let i = 0; i < sums.length; i++) sums[i] = some[i]!;
    else for (let i = 0; i < sums.length; i++) sums[i]! += some[i]!;
  }
  return sums;
}
