// Equal, Less, Greater and similar operators: two operands of one type, a boolean result.

import { broadcastShapes, runsOf } from './broadcast.js';
import { inferBroadcast, operands } from './elementwise.js';
import type { Evaluation, Operator, RunTensor } from './operator.js';
import { nodeError, operator } from './schema.js';

type Scalar = number | bigint | string;

function compare(
  call: Evaluation,
  [left, right]: [RunTensor, RunTensor],
  f: (x: Scalar, y: Scalar) => boolean,
): RunTensor[] {
  if (left.type !== right.type) {
    throw nodeError(
      call.node,
      'ERR_MODEL',
      `operands have different types: ${left.type} and ${right.type}`,
    );
  }
  const dims = broadcastShapes([left.dims, right.dims]);
  const runs = runsOf(dims, [left.dims, right.dims]);
  const data = call.allocate('bool', dims) as Uint8Array;
  const x = left.data as ArrayLike<Scalar>;
  const y = right.data as ArrayLike<Scalar>;
  for (let run = 0, at = 0; run < runs.count; run++) {
    let xi = runs.offsets[0]![run]!;
    let yi = runs.offsets[1]![run]!;
    for (let i = 0; i < runs.length; i++, at++) {
      data[at] = f(x[xi]!, y[yi]!) ? 1 : 0;
      xi += runs.steps[0]!;
      yi += runs.steps[1]!;
    }
  }
  return [{ type: 'bool', dims, data }];
}

function comparison(opType: string, since: number, f: (x: Scalar, y: Scalar) => boolean): Operator {
  return operator(opType, {
    since,
    inputs: [2, 2],
    infer: (node, inputs) => inferBroadcast(node, inputs, 'bool'),
    evaluate: (call, inputs) => compare(call, operands(call.node, inputs), f),
  });
}

export const comparisons: readonly Operator[] = [
  comparison('Equal', 1, (x, y) => x === y),
  comparison('Less', 1, (x, y) => x < y),
  comparison('Greater', 1, (x, y) => x > y),
  comparison('LessOrEqual', 12, (x, y) => x <= y),
  comparison('GreaterOrEqual', 12, (x, y) => x >= y),
  // Booleans are 0 and 1, so logical operators are comparisons too.
  comparison('And', 1, (x, y) => x === 1 && y === 1),
  comparison('Or', 1, (x, y) => x === 1 || y === 1),
  comparison('Xor', 1, (x, y) => x !== y),
];
