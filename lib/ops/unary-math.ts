// Element-wise functions without parameters. Those that networks apply to whole feature maps have
// loops of their own; the others share a loop that calls the function.

import { activationOf } from './activation-of.js';
import { hardSwish, mish, relu, sigmoid, softplus, tanh } from './activation-loop.js';
import { evaluateUnary, loopOf, type UnaryLoop } from './elementwise.js';
import { erf } from '../backend/reference/erf.js';
import { likeInput } from './facts.js';
import type { Operator } from './operator.js';
import { isWide, required } from './run-tensor.js';
import { operator } from './schema.js';

/** Rounds ties to even, as Round says. */
function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

const exp: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = Math.exp(x[i]!);
};

const log: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = Math.log(x[i]!);
};

const sqrt: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = Math.sqrt(x[i]!);
};

const abs: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = Math.abs(x[i]!);
};

const neg: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = -x[i]!;
};

const floor: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = Math.floor(x[i]!);
};

const reciprocal: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = 1 / x[i]!;
};

/** Operator, first opset, loop, and the function of 64-bit whole numbers, if it takes them. */
const TABLE: readonly (readonly [string, number, UnaryLoop, ((x: bigint) => bigint)?])[] = [
  ['Relu', 1, relu, (x) => (x < 0n ? 0n : x)],
  ['Sigmoid', 1, sigmoid],
  ['Tanh', 1, tanh],
  ['HardSwish', 14, hardSwish],
  ['Softplus', 1, softplus],
  ['Softsign', 1, loopOf((x) => x / (1 + Math.abs(x)))],
  ['Mish', 18, mish],
  ['Erf', 9, loopOf(erf)],
  ['Exp', 1, exp],
  ['Log', 1, log],
  ['Sqrt', 1, sqrt],
  ['Abs', 1, abs, (x) => (x < 0n ? -x : x)],
  ['Neg', 1, neg, (x) => -x],
  ['Sign', 9, loopOf(Math.sign), (x) => (x < 0n ? -1n : x > 0n ? 1n : 0n)],
  ['Floor', 1, floor],
  ['Ceil', 1, loopOf(Math.ceil)],
  ['Round', 11, loopOf(roundEven)],
  ['Reciprocal', 1, reciprocal],
  ['Sin', 7, loopOf(Math.sin)],
  ['Cos', 7, loopOf(Math.cos)],
  ['Tan', 7, loopOf(Math.tan)],
  ['Asin', 7, loopOf(Math.asin)],
  ['Acos', 7, loopOf(Math.acos)],
  ['Atan', 7, loopOf(Math.atan)],
  ['Sinh', 9, loopOf(Math.sinh)],
  ['Cosh', 9, loopOf(Math.cosh)],
  ['Asinh', 9, loopOf(Math.asinh)],
  ['Acosh', 9, loopOf(Math.acosh)],
  ['Atanh', 9, loopOf(Math.atanh)],
];

export const unaryMath: readonly Operator[] = TABLE.map(([opType, since, loop, wide]) =>
  operator(opType, {
    since,
    infer: likeInput,
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      if (!isWide(x.type) || wide === undefined) {
        return evaluateUnary(call, x, loop, activationOf(node));
      }
      const data = call.allocate(x.type, x.dims) as BigInt64Array;
      const source = x.data as BigInt64Array;
      for (let i = 0; i < data.length; i++) data[i] = wide(source[i]!);
      return [{ ...x, data }];
    },
  }),
);
