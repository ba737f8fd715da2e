import type { GemmCall } from '../backend.js';

/**
 * C = alpha * A . B + beta * C with sums in double, in order of k, rounded once. With beta = 0,
 * C is not read.
 */
export function gemm({ count = 1, ...call }: GemmCall): void {
  const { a, b, c, m, n, k } = call;
  for (let i = 0; i < count; i++) {
    multiply({
      ...call,
      a: a.subarray(i * m * k, (i + 1) * m * k),
      b: b.subarray(i * k * n, (i + 1) * k * n),
      c: c.subarray(i * m * n, (i + 1) * m * n),
    });
  }
}

function multiply(call: GemmCall): void {
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
