import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { dimsText } from '../tensor/shape.js';
import { typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** The dimensions of a stack of square matrices. @throws ConvfuseError ERR_MODEL for others */
function stackOf<D extends Dim>(node: Node, dims: readonly D[]): D[] {
  const [rows, columns] = dims.slice(-2);
  const square = typeof rows !== 'number' || typeof columns !== 'number' || rows === columns;
  if (dims.length >= 2 && square) return dims.slice(0, -2);
  throw nodeError(node, 'ERR_MODEL', `expected square matrices, received ${dimsText(dims)}`);
}

/** Gaussian elimination in place, with the largest element of each column as pivot. */
function determinant(a: Float64Array, n: number): number {
  let product = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let row = k + 1; row < n; row++) {
      if (Math.abs(a[row * n + k]!) > Math.abs(a[pivot * n + k]!)) pivot = row;
    }
    if (a[pivot * n + k] === 0) return 0;
    if (pivot !== k) {
      product = -product;
      const upper = a.slice(k * n, (k + 1) * n);
      a.copyWithin(k * n, pivot * n, (pivot + 1) * n);
      a.set(upper, pivot * n);
    }
    const head = a[k * n + k]!;
    product *= head;
    for (let row = k + 1; row < n; row++) {
      const factor = a[row * n + k]! / head;
      for (let i = k + 1; i < n; i++) a[row * n + i]! -= factor * a[k * n + i]!;
    }
  }
  return product;
}

/** The determinant of each matrix, in double and rounded once. */
export const det = operator('Det', {
  since: 11,
  infer(node, [x]): ValueFacts[] {
    return [x?.dims === undefined ? typeOnly(x) : { type: x.type, dims: stackOf(node, x.dims) }];
  },
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    const source = floatsOf(call.node, x);
    const dims = stackOf(call.node, x.dims);
    const n = x.dims.at(-1)!;
    const data = call.allocate(x.type, dims) as Float64Array;
    for (let i = 0; i < data.length; i++) {
      data[i] = determinant(Float64Array.from(source.subarray(i * n * n, (i + 1) * n * n)), n);
    }
    return [{ type: x.type, dims, data }];
  },
});
