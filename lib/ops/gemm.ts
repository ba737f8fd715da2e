import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { dimsText } from '../tensor/shape.js';
import { activateInPlace } from './activation-loop.js';
import { broadcastDims, runsOf, type Runs } from './broadcast.js';
import { countOf, typeOnly } from './facts.js';
import { rowOf, runLinear } from './linear.js';
import type { RepeatedRun, ValueFacts } from './operator.js';
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
  takesEpilogue: 'activation',
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
      throw nodeError(node, 'ERR_MODEL', `${dimsText(a.dims)} times ${dimsText(b.dims)}`);
    }
    const dims = [m, n];
    if (c !== undefined && broadcastDims(c.dims, dims).join() !== dims.join()) {
      throw nodeError(node, 'ERR_MODEL', `C is ${dimsText(c.dims)}, not ${m}x${n}`);
    }
    const { backend, epilogue } = call;
    const right = floatsOf(node, b);
    const start = c && { data: floatsOf(node, c), runs: runsOf(dims, [c.dims]) };
    const alpha = node.attribute('alpha', 'float') ?? 1;
    const beta = c === undefined ? 0 : (node.attribute('beta', 'float') ?? 1);
    const constant = call.isConstant(1) && (c === undefined || call.isConstant(2));
    const bias = constant && c ? rowOf(floatsOf(node, c), c.dims, n) : undefined;
    const plain = alpha === 1 && (c === undefined || (beta === 1 && bias !== undefined));
    if (constant && plain && (!transA || m === 1)) {
      const product = { a, dims, weight: right, n, k, transposed: transB, bias };
      const result = runLinear(call, product);
      if (result !== undefined) return [result];
    }
    const run: RepeatedRun = (left, _, out) => {
      const product = out as FloatArray;
      if (start !== undefined) spread(start.data, start.runs, product);
      const factors = { a: left as FloatArray, b: right, c: product };
      backend.gemm({ ...factors, m, n, k, transA, transB, alpha, beta });
      if (epilogue !== undefined) activateInPlace(epilogue.activation, product);
    };
    const how = { type: a.type, dims, layout: undefined, run };
    return [runRepeatable(call, floatsOf(node, a), how, constant)];
  },
});

/** Copies a tensor into a larger one that it broadcasts to. */
function spread(
  source: FloatArray,
  { count, length, steps, offsets }: Runs,
  out: FloatArray,
): void {
  for (let run = 0, at = 0; run < count; run++, at += length) {
    const from = offsets[0]![run]!;
    if (steps[0] === 0) out.fill(source[from]!, at, at + length);
    else out.set(source.subarray(from, from + length), at);
  }
}
