// Trilu and EyeLike, which are defined by diagonals: diagonal k has the elements (i, i + k).

import type { Node } from '../ir/node.js';
import type { DataType } from '../tensor/dtype.js';
import { dimsText } from '../tensor/shape.js';
import { typeAttribute } from './cast.js';
import { likeInput } from './facts.js';
import type { Operator, ValueFacts } from './operator.js';
import { ringOf, type Ring } from './ring.js';
import { numbersOf, required } from './run-tensor.js';
import { nodeError, operator, unsupportedType } from './schema.js';
import type { Elements } from './strided.js';

function elementsOfType(node: Node, type: DataType): Ring {
  const ring = ringOf(type);
  if (ring !== undefined) return ring;
  throw unsupportedType(node, type);
}

/** Sets the elements below diagonal k (`upper`), or above it, to 0. */
const trilu = operator('Trilu', {
  since: 14,
  inputs: [1, 2],
  infer: likeInput,
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const [rows, columns] = x.dims.slice(-2);
    if (columns === undefined) {
      throw nodeError(node, 'ERR_MODEL', `expected matrices, received ${dimsText(x.dims)}`);
    }
    const k = inputs[1] === undefined ? 0 : (numbersOf(inputs[1])[0] ?? 0);
    const upper = (node.attribute('upper', 'int') ?? 1) !== 0;
    const { zero } = elementsOfType(node, x.type);
    const data = call.allocate(x.type, x.dims);
    const [source, out] = [x.data as unknown as Elements, data as unknown as Elements];
    for (let at = 0, row = 0; at < out.length; row = (row + 1) % rows!) {
      for (let column = 0; column < columns; column++, at++) {
        const stays = upper ? column - row >= k : column - row <= k;
        out[at] = stays ? source[at]! : zero;
      }
    }
    return [{ type: x.type, dims: x.dims, data }];
  },
});

/** The attribute `dtype`, or else the input's type. */
function eyeType(node: Node, input: DataType | undefined): DataType | undefined {
  return node.attributes.has('dtype') ? typeAttribute(node, 'dtype') : input;
}

/** A matrix of the input's dimensions with 1 on diagonal k and 0 elsewhere. */
const eyeLike = operator('EyeLike', {
  since: 9,
  infer: (node, [x]): ValueFacts[] => [{ type: eyeType(node, x?.type), dims: x?.dims }],
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const type = eyeType(node, x.type);
    if (type === undefined)
      throw nodeError(node, 'ERR_UNSUPPORTED', 'the element type is not supported');
    if (x.dims.length !== 2) {
      throw nodeError(node, 'ERR_MODEL', `expected a matrix, received ${dimsText(x.dims)}`);
    }
    const { zero, one } = elementsOfType(node, type);
    const k = node.attribute('k', 'int') ?? 0;
    const data = call.allocate(type, x.dims);
    const out = data as unknown as Elements;
    const columns = x.dims[1]!;
    for (let at = 0; at < out.length; at++) {
      const row = Math.floor(at / columns);
      out[at] = at - row * columns - row === k ? one : zero;
    }
    return [{ type, dims: x.dims, data }];
  },
});

export const diagonals: readonly Operator[] = [trilu, eyeLike];
