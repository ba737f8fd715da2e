import type { Node } from '../ir/node.js';
import { dimsText } from '../tensor/shape.js';
import { broadcastDims } from './broadcast.js';
import { countOf, typeOnly } from './facts.js';
import { isRow, residualOf, rowOf, runLinear } from './linear.js';
import type { ValueFacts } from './operator.js';
import { repeatedProducts, startOf } from './product.js';
import { runRepeatable } from './repeatable.js';
import { floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

function transposes(node: Node): { readonly transA: boolean; readonly transB: boolean } {
  return {
    transA: (node.attribute('transA', 'int') ?? 0) !== 0,
    transB: (node.attribute('transB', 'int') ?? 0) !== 0,
  };
}

/** Y = alpha * A' * B' + beta * C, with C broadcast to [M, N]. */
export const gemm = operator('Gemm', {
  inputs: [2, 3],
  takesEpilogue: 'product',
  columns(node, [a, b, c]) {
    const { transA, transB } = transposes(node);
    const n = b?.dims?.[transB ? 0 : 1];
    const one = (name: string): boolean => (node.attribute(name, 'float') ?? 1) === 1;
    const rows = !transA || a?.dims?.[1] === 1;
    if (typeof n !== 'number' || !one('alpha') || !one('beta') || !rows) return undefined;
    return c === undefined || (c.dims && isRow(c.dims, n)) ? n : undefined;
  },
  infer(node, [a, b]): ValueFacts[] {
    if (a?.dims?.length !== 2 || b?.dims?.length !== 2) return [typeOnly(a)];
    const { transA, transB } = transposes(node);
    return [{ type: a.type, dims: [a.dims[transA ? 1 : 0], b.dims[transB ? 0 : 1]] }];
  },
  macs(node, [a], [y]) {
    const k = a?.dims?.[transposes(node).transA ? 0 : 1];
    return countOf(y) * (typeof k === 'number' ? k : 0);
  },
  evaluate(call, inputs) {
    const { node } = call;
    const a = required(node, inputs, 0);
    const b = required(node, inputs, 1);
    const c = inputs[2];
    const { transA, transB } = transposes(node);
    const [m, k] = transA ? [a.dims[1]!, a.dims[0]!] : [a.dims[0]!, a.dims[1]!];
    const [rows, n] = transB ? [b.dims[1]!, b.dims[0]!] : [b.dims[0]!, b.dims[1]!];
    if (a.dims.length !== 2 || b.dims.length !== 2 || rows !== k) {
      throw nodeError(
        node,
        'ERR_MODEL',
        `cannot multiply ${dimsText(a.dims)} by ${dimsText(b.dims)}`,
      );
    }
    const dims = [m, n];
    if (c !== undefined && broadcastDims(c.dims, dims).join() !== dims.join()) {
      throw nodeError(
        node,
        'ERR_MODEL',
        `C of ${dimsText(c.dims)} does not broadcast to ${m}x${n}`,
      );
    }
    const right = floatsOf(node, b);
    const alpha = node.attribute('alpha', 'float') ?? 1;
    const beta = c === undefined ? 0 : (node.attribute('beta', 'float') ?? 1);
    const matrix = call.isConstant(1) ? right : undefined;
    const constant = c === undefined || call.isConstant(2);
    const bias = c && rowOf(floatsOf(node, c), c.dims, n);
    const plain = alpha === 1 && (c === undefined || (beta === 1 && bias !== undefined));
    if (matrix !== undefined && constant && plain && (!transA || m === 1)) {
      const product = { a, dims, weight: matrix, n, k, transposed: transB, bias };
      const result = runLinear(call, product);
      if (result !== undefined) return [result];
    }
    const run = repeatedProducts({
      ...{ backend: call.backend, matrix, aAt: [0], bAt: [0] },
      ...{ m, n, k, transA, transB, alpha, beta },
      start: c && startOf(floatsOf(node, c), c.dims, dims),
      activation: call.epilogue?.activation,
    });
    const second = matrix === undefined ? 1 : undefined;
    const how = { type: a.type, dims, layout: undefined, second, run };
    const added = second ? right : residualOf(call, dims);
    return [runRepeatable(call, floatsOf(node, a), how, constant, added)];
  },
});
