// BitShift, BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseNot: bits of whole numbers; signed ones are
// in two's complement.

import type { Node } from '../ir/node.js';
import { isFloatType, type DataType } from '../tensor/dtype.js';
import {
  binaryLoopOf,
  evaluateBinary,
  inferBroadcast,
  type BinaryFunction,
  type WideArray,
} from './elementwise.js';
import { likeInput } from './facts.js';
import type { Operator } from './operator.js';
import { isWide, required } from './run-tensor.js';
import { nodeError, operator, unsupportedType } from './schema.js';

/** @throws ConvfuseError ERR_UNSUPPORTED for all but whole numbers */
function checkWhole(node: Node, type: DataType): void {
  if (!isFloatType(type) && type !== 'bool' && type !== 'string') return;
  throw unsupportedType(node, type);
}

function binary(
  opType: string,
  since: number,
  functionOf: (node: Node, type: DataType) => BinaryFunction,
): Operator {
  return operator(opType, {
    since,
    inputs: [2, 2],
    infer: (node, inputs) => inferBroadcast(node, inputs),
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      checkWhole(call.node, x.type);
      const f = functionOf(call.node, x.type);
      return [evaluateBinary(call, x, required(call.node, inputs, 1), f)];
    },
  });
}

/** A function of numbers of up to 32 bits, and of 64 bits. */
function bits(
  narrow: (x: number, y: number) => number,
  wide: (x: bigint, y: bigint) => bigint,
): BinaryFunction {
  return { float: binaryLoopOf(narrow), wide };
}

const LEFT = bits(
  (x, y) => (y > 31 ? 0 : x << y),
  (x, y) => (y > 63n ? 0n : x << y),
);

const RIGHT = bits(
  (x, y) => (y > 31 ? 0 : x >>> y),
  (x, y) => (y > 63n ? 0n : x >> y),
);

/** Shifting by at least the number of bits gives 0, as in numpy. */
function shift(node: Node, type: DataType): BinaryFunction {
  if (!type.startsWith('uint')) {
    throw unsupportedType(node, type);
  }
  const direction = node.attribute('direction', 'string');
  if (direction === 'LEFT') return LEFT;
  if (direction === 'RIGHT') return RIGHT;
  throw nodeError(node, 'ERR_MODEL', `direction is ${JSON.stringify(direction ?? 'missing')}`);
}

const AND = bits(
  (x, y) => x & y,
  (x, y) => x & y,
);

const OR = bits(
  (x, y) => x | y,
  (x, y) => x | y,
);

const XOR = bits(
  (x, y) => x ^ y,
  (x, y) => x ^ y,
);

export const bitwise: readonly Operator[] = [
  binary('BitShift', 11, shift),
  binary('BitwiseAnd', 18, () => AND),
  binary('BitwiseOr', 18, () => OR),
  binary('BitwiseXor', 18, () => XOR),
  operator('BitwiseNot', {
    since: 18,
    infer: likeInput,
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      checkWhole(call.node, x.type);
      const data = call.allocate(x.type, x.dims);
      if (isWide(x.type)) {
        const [from, to] = [x.data as WideArray, data as WideArray];
        for (let i = 0; i < to.length; i++) to[i] = ~from[i]!;
      } else {
        const [from, to] = [x.data as Int32Array, data as Int32Array];
        for (let i = 0; i < to.length; i++) to[i] = ~from[i]!;
      }
      return [{ type: x.type, dims: x.dims, data }];
    },
  }),
];
