// Products without a packed matrix: calls of gemm(), followed by loops for what was merged into the
// step.

import type { Activation } from '../backend/activation.js';
import type { Backend, FloatArray, GemmCall } from '../backend/backend.js';
import { activateInPlace } from './activation-loop.js';
import { runsOf, type Runs } from './broadcast.js';
import type { RepeatedRun } from './operator.js';

/** Products of equal sizes, stored one behind the other in the output. */
export interface Products extends Omit<GemmCall, 'a' | 'b' | 'c' | 'count'> {
  readonly backend: Backend;
  /** Offsets of the matrices of each product. */
  readonly aAt: ArrayLike<number>;
  readonly bAt: ArrayLike<number>;
  /** B, if constant; a run's second tensor is then a residual. Default: that tensor is B. */
  readonly matrix: FloatArray | undefined;
  /** C, which is broadcast into the output before gemm() computes alpha * A . B + beta * C. */
  readonly start: Start | undefined;
  readonly activation: Activation | undefined;
}

export interface Start {
  readonly data: FloatArray;
  readonly runs: Runs;
}

export function startOf(data: FloatArray, from: readonly number[], to: readonly number[]): Start {
  return { data, runs: runsOf(to, [from]) };
}

/** A separate function, so that the closure does not hold the tensors of the evaluation. */
export function repeatedProducts(products: Products): RepeatedRun {
  const { aAt, bAt, matrix, start, activation, backend, ...shape } = products;
  const { m, n, k } = shape;
  const stacked = isEven(aAt, m * k) && isEven(bAt, k * n);
  return (x, second, out) => {
    const [left, right, product] = [x, matrix ?? second, out] as [
      FloatArray,
      FloatArray,
      FloatArray,
    ];
    if (start !== undefined) spread(start, product);
    // One call for all, since calls take longer than small products.
    if (stacked) backend.gemm({ ...shape, a: left, b: right, c: product, count: aAt.length });
    else {
      for (let i = 0; i < aAt.length; i++) {
        const a = left.subarray(aAt[i]!, aAt[i]! + m * k);
        const b = right.subarray(bAt[i]!, bAt[i]! + k * n);
        const c = product.subarray(i * m * n, (i + 1) * m * n);
        backend.gemm({ ...shape, a, b, c });
      }
    }
    if (matrix !== undefined && second !== undefined) add(second as FloatArray, product);
    if (activation !== undefined) activateInPlace(activation, product);
  };
}

/** Copies a tensor into a larger one that it broadcasts to. */
function spread({ data, runs }: Start, out: FloatArray): void {
  const { count, length, steps, offsets } = runs;
  for (let run = 0, at = 0; run < count; run++, at += length) {
    const from = offsets[0]![run]!;
    if (steps[0] === 0) out.fill(data[from]!, at, at + length);
    else out.set(data.subarray(from, from + length), at);
  }
}

function add(residual: FloatArray, out: FloatArray): void {
  for (let i = 0; i < out.length; i++) out[i] = out[i]! + residual[i]!;
}

/** Whether matrices of `size` elements are stored one behind the other. */
function isEven(at: ArrayLike<number>, size: number): boolean {
  return Array.from(at).every((from, i) => from === i * size);
}
