import test from 'ava';

import { gemm } from '#convfuse/backend/reference/gemm.js';
import { Random } from '#convfuse/tensor/random.js';

test('alpha * A . B + beta * C, each operand stored either way', (t) => {
  const [m, n, k] = [3, 5, 4];
  const random = new Random(7);
  const a = random.integers(m * k, -5, 5);
  const b = random.integers(k * n, -5, 5);
  const start = random.integers(m * n, -5, 5);
  for (const transA of [false, true]) {
    for (const transB of [false, true]) {
      const c = start.slice();
      gemm({ a, b, c, m, n, k, transA, transB, alpha: 2, beta: -3 });
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let p = 0; p < k; p++) {
            sum +=
              (transA ? a[p * m + i]! : a[i * k + p]!) * (transB ? b[j * k + p]! : b[p * n + j]!);
          }
          t.is(c[i * n + j], 2 * sum - 3 * start[i * n + j]!);
        }
      }
    }
  }
});

test('stacks are multiplied matrix by matrix', (t) => {
  const c = new Float32Array(4);
  const shape = { count: 2, m: 1, n: 2, k: 1, transA: false, transB: false, alpha: 1, beta: 0 };
  gemm({ a: Float32Array.of(2, 3), b: Float32Array.of(1, 2, 3, 4), c, ...shape });
  t.deepEqual([...c], [2, 4, 9, 12]);
});

test('beta = 0 does not read C, and k = 0 leaves beta * C', (t) => {
  const c = Float32Array.of(NaN);
  const one = Float32Array.of(2);
  const common = { c, m: 1, n: 1, transA: false, transB: false, alpha: 1 };
  gemm({ ...common, a: one, b: one, k: 1, beta: 0 });
  t.is(c[0], 4);
  gemm({ ...common, a: new Float32Array(0), b: new Float32Array(0), k: 0, beta: 0.5 });
  t.is(c[0], 2);
});
