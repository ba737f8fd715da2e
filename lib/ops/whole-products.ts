// Sums of products of bytes minus their zero points, without rounding.

import { IDENTITY } from '../backend/activation.js';
import type { ConvKernel, FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { broadcastStrides, outerOffsets } from './broadcast.js';
import { convGeometry } from './conv.js';
import type { NumberArray } from './elementwise.js';
import { isSingle, productOf } from './matmul.js';
import type { Evaluation, RunTensor } from './operator.js';
import { repeatedProducts } from './product.js';
import { numbersOf } from './run-tensor.js';
import { nodeError, unsupportedType } from './schema.js';
import { withLabel } from './window.js';

/** Float32 has all whole numbers up to here: below it, sums are exact in any order. */
const EXACT = 2 ** 24;

/** The largest difference of two bytes. */
const BYTE = 255;

/** Bytes with the number that stands for 0. */
export interface Quantised {
  readonly x: RunTensor;
  readonly zero: RunTensor | undefined;
}

/** Elements minus their zero points. @param at which point an element has */
function centred(
  node: Node,
  { x, zero }: Quantised,
  points: number,
  at: (i: number) => number,
): Float64Array {
  if (x.type !== 'int8' && x.type !== 'uint8') {
    throw unsupportedType(node, x.type);
  }
  const zeros = zero === undefined ? [0] : numbersOf(zero);
  if (zeros.length !== 1 && zeros.length !== points) {
    throw nodeError(node, 'ERR_MODEL', `${zeros.length} zero points for ${points}`);
  }
  const source = x.data as NumberArray;
  const single = zeros.length === 1;
  const values = new Float64Array(source.length);
  const first = zeros[0]!;
  for (let i = 0; i < values.length; i++) {
    values[i] = source[i]! - (single ? first : zeros[at(i)]!);
  }
  return values;
}

/** As float32, which backends are fast with, where sums over bytes stay exact in it. */
function narrowed(values: Float64Array, largestSum: number): FloatArray {
  return largestSum * BYTE < EXACT ? new Float32Array(values) : values;
}

function like(kind: FloatArray, values: Float64Array): FloatArray {
  return kind instanceof Float32Array ? new Float32Array(values) : values;
}

class WholeConv {
  readonly kernel: ConvKernel;
  readonly weight: FloatArray;

  constructor(call: Evaluation, x: readonly number[], w: Quantised) {
    const { node, backend, threads } = call;
    const { dims } = w.x;
    const size = elementCount(dims.slice(1));
    const values = centred(node, w, dims[0]!, (i) => Math.floor(i / size));
    let largest = 0;
    for (let from = 0; from < values.length; from += size) {
      const filter = values.subarray(from, from + size);
      largest = Math.max(
        largest,
        filter.reduce((sum, value) => sum + Math.abs(value), 0),
      );
    }
    this.weight = narrowed(values, largest);
    const fixed = { bias: undefined, activation: IDENTITY, precision: 'strict', threads } as const;
    this.kernel = backend.conv({ ...convGeometry(node, x, dims), weight: this.weight, ...fixed });
  }

  dispose(): void {
    this.kernel.dispose();
  }
}

/**
 * The convolution that a node describes. A zero point of x is one for all, of w one for each output
 * channel: pads are zero points too, and add nothing.
 *
 * @param constant whether w and its zero points are the same in every run
 */
export function convolveWhole(
  call: Evaluation,
  x: Quantised,
  w: Quantised,
  constant: boolean,
): { readonly dims: number[]; readonly sums: FloatArray } {
  return withLabel(call.node, () => {
    const make = (): WholeConv => new WholeConv(call, x.x.dims, w);
    const conv = constant ? call.keep(make) : make();
    try {
      const dims = conv.kernel.outputDims(x.x.dims);
      const source = like(
        conv.weight,
        centred(call.node, x, 1, () => 0),
      );
      const sums = like(conv.weight, new Float64Array(elementCount(dims)));
      conv.kernel.runSync({ x: source, dims: x.x.dims, out: sums });
      return { dims, sums };
    } finally {
      if (!constant) conv.dispose();
    }
  });
}

/** The product of stacked matrices. Zero points are one for all, or one for each row of A, column of B. */
export function multiplyWhole(
  call: Evaluation,
  a: Quantised,
  b: Quantised,
): {
  readonly dims: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly sums: FloatArray;
} {
  const { node, backend } = call;
  const { batch, m, k, n, out: dims } = productOf(node, a.x.dims, b.x.dims);
  const right = centred(node, b, n, (i) => i % n);
  const totals = new Float64Array(n);
  // Over all matrices of the stack: a bound, and there is mostly one.
  right.forEach((value, i) => (totals[i % n]! += Math.abs(value)));
  const columns = narrowed(right, Math.max(0, ...totals));
  const rows = like(
    columns,
    centred(node, a, m, (i) => Math.floor(i / k) % m),
  );
  const sums = like(columns, new Float64Array(elementCount(dims)));
  const single = isSingle(b.x.dims);
  const count = elementCount(batch);
  const at = (from: readonly number[], size: number): ArrayLike<number> => {
    const strides = broadcastStrides(from.slice(0, -2), batch);
    return outerOffsets(batch, strides, count).map((index) => index * size);
  };
  const run = repeatedProducts({
    ...{ backend, matrix: columns, m: single ? count * m : m, n, k, transA: false, transB: false },
    aAt: single ? [0] : at(a.x.dims, m * k),
    bAt: single ? [0] : at(b.x.dims, k * n),
    ...{ alpha: 1, beta: 0, start: undefined, activation: undefined },
  });
  run(rows, undefined, sums);
  return { dims, m, n, sums };
}
