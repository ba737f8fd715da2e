// The arithmetic of each Reduce operator, one element after the other.

import type { NumberArray } from './elementwise.js';

/** sums[i] = step(sums[i], x[at + i]). */
export type RowStep = (sums: Float64Array, x: NumberArray, at: number) => void;

const addRow: RowStep = (sums, x, at) => {
  for (let i = 0; i < sums.length; i++) sums[i]! += x[at + i]!;
};

const addSquares: RowStep = (sums, x, at) => {
  for (let i = 0; i < sums.length; i++) sums[i]! += x[at + i]! * x[at + i]!;
};

const largestRow: RowStep = (sums, x, at) => {
  for (let i = 0; i < sums.length; i++) {
    const v = x[at + i]!;
    if (v > sums[i]! || v !== v) sums[i] = v;
  }
};

const smallestRow: RowStep = (sums, x, at) => {
  for (let i = 0; i < sums.length; i++) {
    const v = x[at + i]!;
    if (v < sums[i]! || v !== v) sums[i] = v;
  }
};

/** log(exp(a) + exp(b)), without overflow of either power. */
function logSumExp(a: number, b: number): number {
  if (a === b) return a + Math.LN2;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** A reduction: its initial value, one step, and the final operation. */
export interface Reduction {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  /** `step` for a row of sums and one of elements, in a loop that no other reduction shares. */
  readonly row?: RowStep;
  readonly finish?: (sum: number, count: number) => number;
  /** For sums on the backend: the number that a sum of `count` elements is divided by. */
  readonly divisor?: (count: number) => number;
}

export const REDUCTIONS: readonly (readonly [string, Reduction])[] = [
  ['ReduceSum', { start: 0, step: (sum, x) => sum + x, row: addRow, divisor: () => 1 }],
  [
    'ReduceMean',
    {
      ...{ start: 0, step: (sum, x) => sum + x, row: addRow },
      finish: (sum, count) => sum / count,
      divisor: (count) => count,
    },
  ],
  [
    'ReduceMax',
    { start: -Infinity, step: (best, x) => (x > best || x !== x ? x : best), row: largestRow },
  ],
  [
    'ReduceMin',
    { start: Infinity, step: (best, x) => (x < best || x !== x ? x : best), row: smallestRow },
  ],
  ['ReduceProd', { start: 1, step: (product, x) => product * x }],
  ['ReduceL1', { start: 0, step: (sum, x) => sum + Math.abs(x) }],
  ['ReduceL2', { start: 0, step: (sum, x) => sum + x * x, row: addSquares, finish: Math.sqrt }],
  ['ReduceSumSquare', { start: 0, step: (sum, x) => sum + x * x, row: addSquares }],
  ['ReduceLogSum', { start: 0, step: (sum, x) => sum + x, finish: Math.log }],
  ['ReduceLogSumExp', { start: -Infinity, step: logSumExp }],
];
