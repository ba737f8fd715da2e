import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { dimsText } from '../tensor/shape.js';
import { activateInPlace } from './activation-loop.js';
import { broadcastDims, runsOf } from './broadcast.js';
import { countOf, typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
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
    const out = call.allocate(a.type, [m, n]) as FloatArray;
    if (c !== undefined) {
      if (broadcastDims(c.dims, [m, n]).join() !== [m, n].join()) {
        throw nodeError(node, 'ERR_MODEL', `C is ${dimsText(c.dims)}, not ${m}x${n}`);
      }
      spread(floatsOf(node, c), c.dims, out, [m, n]);
    }
    call.backend.gemm({
      a: floatsOf(node, a),
      b: floatsOf(node, b),
      c: out,
      m,
      n,
      k,
      transA,
      transB,
      alpha: node.attribute('alpha', 'float') ?? 1,
      beta: c === undefined ? 0 : (node.attribute('beta', 'float') ?? 1),
    });
    if (call.epilogue !== undefined) activateInPlace(call.epilogue.activation, out);
    return [{ type: a.type, dims: [m, n], data: out }];
  },
});

/** Copies a tensor into a larger one that it broadcasts to. */
function spread(
  source: FloatArray,
  dims: readonly number[],
  out: FloatArray,
  outDims: readonly number[],
): void {
  const { count, length, steps, offsets } = runsOf(outDims, [dims]);
  for (let run = 0, at = 0; run < count; run++) {
    let from = offsets[0]![run]!;
    for (let i = 0; i < length; i++, at++, from += steps[0]!) out[at] = source[from]!;
  }
}
