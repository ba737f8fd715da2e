import test from 'ava';

import { addProduct } from '#convfuse/fold/add-product.js';
import { Random } from '#convfuse/tensor/random.js';

/** C += A B by its definition, in the order of k. */
function expected(
  [rows, depth, columns]: readonly [number, number, number],
  a: (r: number, k: number) => number,
  b: (k: number, j: number) => number,
): number[] {
  return Array.from({ length: rows * columns }, (_, at) => {
    const [r, j] = [Math.floor(at / columns), at % columns];
    let sum = 1;
    for (let k = 0; k < depth; k++) sum += a(r, k) * b(k, j);
    return sum;
  });
}

for (const depth of [0, 1, 3, 4, 5, 127, 128, 129, 131]) {
  for (const columns of [0, 1, 255, 256, 257]) {
    test(`a product over ${depth} into ${columns} columns, to the bit, inside larger arrays`, (t) => {
      const random = new Random(1 + depth * 1000 + columns);
      const rows = 3;
      const numbers = (count: number): Float64Array =>
        Float64Array.from({ length: count }, () => random.normal());
      // Steps and starts of their own, A by columns in one and by rows in the other.
      for (const [rowStep, columnStep] of [
        [1, rows + 1],
        [depth + 2, 1],
      ] as const) {
        const a = { data: numbers(5 + (rows + 1) * (depth + 2)), start: 5, rowStep, columnStep };
        const b = { data: numbers(2 + depth * (columns + 1)), start: 2, rowStep: columns + 1 };
        const c = {
          data: new Float64Array(4 + rows * (columns + 3)).fill(1),
          start: 3,
          rowStep: columns + 3,
        };
        const want = expected(
          [rows, depth, columns],
          (r, k) => a.data[5 + r * rowStep + k * columnStep]!,
          (k, j) => b.data[2 + k * (columns + 1) + j]!,
        );
        addProduct([rows, depth, columns], a, b, c);
        const inside = Array.from({ length: rows * columns }, (_, at) => {
          const place = 3 + Math.floor(at / columns) * (columns + 3) + (at % columns);
          const value = c.data[place]!;
          c.data[place] = 1;
          return value;
        });
        t.deepEqual(inside, want);
        // Nothing around it was written to.
        t.true(c.data.every((value) => value === 1));
      }
    });
  }
}
