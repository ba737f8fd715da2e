import type { GemmCall } from '../backend.js';

/**
 * C = alpha * A . B + beta * C with sums in double, in order of k, rounded once. With beta = 0,
 * C is not read.
 */
export function gemm(call: GemmCall): void {
  const { a, b, c, m, n, k, transA, transB, alpha, beta } = call;
  const aRow = transA ? 1 : k;
  const aStep = transA ? m : 1;
  const sums = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    sums.fill(0);
    if (transB) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a[i * aRow + p * aStep]! * b[j * k + p]!;
        sums[j] = sum;
      }
    } else {
      for (let p = 0; p < k; p++) {
        const left = a[i * aRow + p * aStep]!;
        for (let j = 0; j < n; j++) sums[j]! += left * b[p * n + j]!;
      }
    }
    for (let j = 0; j < n; j++) {
      const scaled = alpha * sums[j]!;
      c[i * n + j] = beta === 0 ? scaled : scaled + beta * c[i * n + j]!;
    }
  }
}
