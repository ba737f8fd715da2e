import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { dimsText, elementCount } from '../tensor/shape.js';
import { broadcastDims, broadcastStrides, outerOffsets } from './broadcast.js';
import { countOf, typeOnly } from './facts.js';
import { residualOf, rowOf, runLinear } from './linear.js';
import type { ValueFacts } from './operator.js';
import { repeatedProducts, startOf } from './product.js';
import { runRepeatable } from './repeatable.js';
import { floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

export interface Product<D> {
  /** Dimensions of the stack of matrices. */
  readonly batch: readonly D[];
  readonly m: D;
  readonly k: D;
  readonly n: D;
  readonly out: readonly D[];
}

/** As in numpy.matmul, a vector is a one-row or one-column matrix; the result lacks that axis. */
export function productOf<D extends Dim>(
  node: Node,
  a: readonly D[],
  b: readonly D[],
): Product<D | 1> {
  if (a.length === 0 || b.length === 0) {
    throw nodeError(node, 'ERR_MODEL', `cannot multiply ${dimsText(a)} by ${dimsText(b)}`);
  }
  const left: readonly (D | 1)[] = a.length === 1 ? [1, a[0]!] : a;
  const right: readonly (D | 1)[] = b.length === 1 ? [b[0]!, 1] : b;
  const m = left[left.length - 2] as D | 1;
  const k = left[left.length - 1] as D | 1;
  const n = right[right.length - 1] as D | 1;
  const rows = right[right.length - 2];
  if (typeof k === 'number' && typeof rows === 'number' && k !== rows) {
    throw nodeError(node, 'ERR_MODEL', `cannot multiply ${dimsText(a)} by ${dimsText(b)}`);
  }
  const batch = broadcastDims(left.slice(0, -2), right.slice(0, -2)) as (D | 1)[];
  const out = [...batch, ...(a.length === 1 ? [] : [m]), ...(b.length === 1 ? [] : [n])];
  return { batch, m, k, n, out };
}

export const matMul = operator('MatMul', {
  inputs: [2, 2],
  takesEpilogue: 'product',
  columns(_node, [, b]) {
    if (b?.dims === undefined || !isSingle(b.dims)) return undefined;
    const n = b.dims.length === 1 ? 1 : b.dims.at(-1);
    return typeof n === 'number' ? n : undefined;
  },
  infer(node, [a, b]): ValueFacts[] {
    if (a?.dims === undefined || b?.dims === undefined) return [typeOnly(a)];
    return [{ type: a.type, dims: productOf(node, a.dims, b.dims).out }];
  },
  macs(_node, [a], [y]) {
    const k = a?.dims?.at(-1);
    return countOf(y) * (typeof k === 'number' ? k : 0);
  },
  evaluate(call, inputs) {
    const { node } = call;
    const a = required(node, inputs, 0);
    const b = required(node, inputs, 1);
    const { batch, m, k, n, out } = productOf(node, a.dims, b.dims);
    const left = floatsOf(node, a);
    const right = floatsOf(node, b);
    // With a single matrix B, the stack of matrices A is one tall matrix.
    const single = isSingle(b.dims);
    const matrix = call.isConstant(1) ? right : undefined;
    const row = inputs[2];
    const bias = row && rowOf(floatsOf(node, row), row.dims, n);
    const constant = row === undefined || call.isConstant(2);
    if (single && matrix !== undefined && constant) {
      const product = { a, dims: out, weight: matrix, n, k, transposed: false, bias };
      const result = runLinear(call, product);
      if (result !== undefined) return [result];
    }
    const count = elementCount(batch);
    const at = (dims: readonly number[], size: number): ArrayLike<number> => {
      const strides = broadcastStrides(dims.slice(0, -2), batch);
      return single ? [0] : outerOffsets(batch, strides, count).map((index) => index * size);
    };
    const run = repeatedProducts({
      ...{ backend: call.backend, matrix, aAt: at(a.dims, m * k), bAt: at(b.dims, k * n) },
      ...{ m: single ? count * m : m, n, k, transA: false, transB: false },
      ...{ alpha: 1, beta: row === undefined ? 0 : 1 },
      start: row && startOf(floatsOf(node, row), row.dims, out),
      activation: call.epilogue?.activation,
    });
    const second = matrix === undefined ? 1 : undefined;
    const how = { type: a.type, dims: out, layout: undefined, second, run };
    return [runRepeatable(call, left, how, constant, second ? right : residualOf(call, out))];
  },
});

/** Whether a stack of matrices has only one. */
export function isSingle(dims: readonly Dim[]): boolean {
  return dims.slice(0, -2).every((size) => size === 1);
}
