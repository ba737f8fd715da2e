// Equal, Less, Greater and similar operators: two operands of one type, a boolean result.

import { broadcastShapes, runsOf } from './broadcast.js';
import { inferBroadcast, operands, type BinaryLoop, type NumberArray } from './elementwise.js';
import type { Evaluation, Operator, RunTensor } from './operator.js';
import { nodeError, operator } from './schema.js';

// Each operator has a loop of its own: a shared one would call a function for each element, which is slow
// for masks of whole feature maps. The operators of JavaScript compare bigints and strings as well.

const equal: BinaryLoop = (x, xi, xs, y, yi, ys, z, zi, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! === y[yi]! ? 1 : 0;
};

const less: BinaryLoop = (x, xi, xs, y, yi, ys, z, zi, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! < y[yi]! ? 1 : 0;
};

const greater: BinaryLoop = (x, xi, xs, y, yi, ys, z, zi, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! > y[yi]! ? 1 : 0;
};

const lessOrEqual: BinaryLoop = (x, xi, xs, y, yi, ys, z, zi, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! <= y[yi]! ? 1 : 0;
};

const greaterOrEqual: BinaryLoop = (x, xi, xs, y, yi, ys, z, zi, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! >= y[yi]! ? 1 : 0;
};

// Booleans are held as 0 and 1.

const and: BinaryLoop = (x, xi, xs, y, yi, ys, z, zi, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! === 1 && y[yi]! === 1 ? 1 : 0;
};

const or: BinaryLoop = (x, xi, xs, y, yi, ys, z, zi, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! === 1 || y[yi]! === 1 ? 1 : 0;
};

const xor: BinaryLoop = (x, xi, xs, y, yi, ys, z, zi, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! !== y[yi]! ? 1 : 0;
};

function compare(
  call: Evaluation,
  [left, right]: [RunTensor, RunTensor],
  loop: BinaryLoop,
): RunTensor[] {
  if (left.type !== right.type) {
    throw nodeError(
      call.node,
      'ERR_MODEL',
      `operands have different types: ${left.type} and ${right.type}`,
    );
  }
  const dims = broadcastShapes([left.dims, right.dims]);
  const { count, length, steps, offsets } = runsOf(dims, [left.dims, right.dims]);
  const data = call.allocate('bool', dims) as Uint8Array;
  const [x, y] = [left.data as NumberArray, right.data as NumberArray];
  for (let run = 0; run < count; run++) {
    const [xi, yi] = [offsets[0]![run]!, offsets[1]![run]!];
    loop(x, xi, steps[0]!, y, yi, steps[1]!, data, run * length, length);
  }
  return [{ type: 'bool', dims, data }];
}

function comparison(opType: string, since: number, loop: BinaryLoop): Operator {
  return operator(opType, {
    since,
    inputs: [2, 2],
    infer: (node, inputs) => inferBroadcast(node, inputs, 'bool'),
    evaluate: (call, inputs) => compare(call, operands(call.node, inputs), loop),
  });
}

export const comparisons: readonly Operator[] = [
  comparison('Equal', 1, equal),
  comparison('Less', 1, less),
  comparison('Greater', 1, greater),
  comparison('LessOrEqual', 12, lessOrEqual),
  comparison('GreaterOrEqual', 12, greaterOrEqual),
  comparison('And', 1, and),
  comparison('Or', 1, or),
  comparison('Xor', 1, xor),
];
