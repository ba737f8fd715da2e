import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { dimsText } from '../tensor/shape.js';
import { activateInPlace } from './activation-loop.js';
import { broadcastDims, broadcastStrides, outerOffsets } from './broadcast.js';
import { countOf, typeOnly } from './facts.js';
import { runLinear } from './linear.js';
import type { ValueFacts } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

interface Product<D> {
  /** Of the stacked matrices. */
  readonly batch: readonly D[];
  readonly m: D;
  readonly k: D;
  readonly n: D;
  readonly out: readonly D[];
}

/** numpy.matmul: vectors are one-row or one-column matrices whose axis then goes. */
function productOf<D extends Dim>(node: Node, a: readonly D[], b: readonly D[]): Product<D | 1> {
  if (a.length === 0 || b.length === 0) {
    throw nodeError(node, 'ERR_MODEL', `${dimsText(a)} times ${dimsText(b)}`);
  }
  const left: readonly (D | 1)[] = a.length === 1 ? [1, a[0]!] : a;
  const right: readonly (D | 1)[] = b.length === 1 ? [b[0]!, 1] : b;
  const m = left[left.length - 2] as D | 1;
  const k = left[left.length - 1] as D | 1;
  const n = right[right.length - 1] as D | 1;
  const rows = right[right.length - 2];
  if (typeof k === 'number' && typeof rows === 'number' && k !== rows) {
    throw nodeError(node, 'ERR_MODEL', `${dimsText(a)} times ${dimsText(b)}`);
  }
  const batch = broadcastDims(left.slice(0, -2), right.slice(0, -2)) as (D | 1)[];
  const out = [...batch, ...(a.length === 1 ? [] : [m]), ...(b.length === 1 ? [] : [n])];
  return { batch, m, k, n, out };
}

export const matMul = operator('MatMul', {
  inputs: [2, 2],
  takesEpilogue: 'activation',
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
    // One matrix for all: the stack of A is one tall matrix.
    const single = b.dims.slice(0, -2).every((size) => size === 1);
    if (single && call.isConstant(1)) {
      const product = { a, dims: out, weight: right, n, k, transposed: false, bias: undefined };
      const result = runLinear(call, product);
      if (result !== undefined) return [result];
    }
    const data = call.allocate(a.type, out) as FloatArray;
    const multiply = (aAt: number, bAt: number, cAt: number, rows: number): void => {
      call.backend.gemm({
        a: left.subarray(aAt, aAt + rows * k),
        b: right.subarray(bAt, bAt + k * n),
        c: data.subarray(cAt, cAt + rows * n),
        m: rows,
        n,
        k,
        transA: false,
        transB: false,
        alpha: 1,
        beta: 0,
      });
    };
    const count = batch.reduce((product, size) => product * size, 1);
    if (single) {
      multiply(0, 0, 0, count * m);
    } else {
      const aAt = outerOffsets(batch, broadcastStrides(a.dims.slice(0, -2), batch), count);
      const bAt = outerOffsets(batch, broadcastStrides(b.dims.slice(0, -2), batch), count);
      for (let i = 0; i < count; i++) multiply(aAt[i]! * m * k, bAt[i]! * k * n, i * m * n, m);
    }
    if (call.epilogue !== undefined) activateInPlace(call.epilogue.activation, data);
    return [{ type: a.type, dims: out, data }];
  },
});
