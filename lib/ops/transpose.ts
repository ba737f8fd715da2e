import type { Node } from '../ir/node.js';
import { stridesOf } from '../tensor/shape.js';
import { typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { strided } from './strided.js';

/** The permutation: reversed axes when the attribute is absent. */
function permutation(node: Node, rank: number): readonly number[] {
  const perm =
    node.attribute('perm', 'ints') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (perm.length !== rank || new Set(perm).size !== rank || perm.some((a) => a < 0 || a >= rank)) {
    throw nodeError(node, 'ERR_MODEL', `perm ${perm.join()} is not a permutation of ${rank} axes`);
  }
  return perm;
}

export const transpose = operator('Transpose', {
  infer(node, [x]): ValueFacts[] {
    const dims = x?.dims;
    if (dims === undefined) return [typeOnly(x)];
    return [{ type: x?.type, dims: permutation(node, dims.length).map((axis) => dims[axis]) }];
  },
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    const perm = permutation(call.node, x.dims.length);
    const own = stridesOf(x.dims);
    const dims = perm.map((axis) => x.dims[axis]!);
    const strides = perm.map((axis) => own[axis]!);
    return [strided(call, x, { dims, strides }, true)];
  },
});
