// Add, Sub, Mul, Div, Pow, Mod: the binary arithmetic family.

import type { ElementwiseRun } from '../backend/elementwise.js';
import { castTo } from './cast.js';
import {
  binaryLoopOf,
  evaluateBinary,
  evaluatePair,
  inferBroadcast,
  operands,
} from './elementwise.js';
import type { BinaryFunction, NumberArray, UnaryLoop } from './elementwise.js';
import { elementwiseRun, overwritten } from './element-run.js';
import type { Evaluation, Operator, RepeatedRun, RunTensor } from './operator.js';
import { runRepeatable } from './repeatable.js';
import { numbersOf, required, toRunTensor } from './run-tensor.js';
import { operator } from './schema.js';
import { allocate, isFloatType } from '../tensor/dtype.js';

export const ADD: BinaryFunction = {
  float: (x, xi, xs, y, yi, ys, z, zi, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! + y[yi]!;
  },
  native: 'add',
  wide: (x, y) => x + y,
};

const SUB: BinaryFunction = {
  float: (x, xi, xs, y, yi, ys, z, zi, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! - y[yi]!;
  },
  native: 'sub',
  wide: (x, y) => x - y,
};

export const MUL: BinaryFunction = {
  float: (x, xi, xs, y, yi, ys, z, zi, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! * y[yi]!;
  },
  native: 'mul',
  // A product of two 32-bit numbers may need more bits than a double has.
  integer: binaryLoopOf((x, y) => Math.imul(x, y)),
  wide: (x, y) => x * y,
};

const DIV: BinaryFunction = {
  float: (x, xi, xs, y, yi, ys, z, zi, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = x[xi]! / y[yi]!;
  },
  native: 'div',
  // Whole numbers are divided as in C. Division by zero, which is undefined there, gives 0.
  integer: binaryLoopOf((x, y) => (y === 0 ? 0 : Math.trunc(x / y))),
  wide: (x, y) => (y === 0n ? 0n : x / y),
};

/** The remainder, with the sign of the divisor as in Python or, with `fmod`, of the dividend. */
function mod(fmod: boolean): BinaryFunction {
  const floored = (x: number, y: number): number => {
    const rest = x % y;
    return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
  };
  return {
    float: binaryLoopOf(fmod ? (x, y) => x % y : floored),
    wide: (x, y) => {
      if (y === 0n) return 0n;
      const rest = x % y;
      return !fmod && rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest;
    },
  };
}

/** As C's pow, where 1 ** y and (-1) ** Infinity are 1; in JavaScript they may be NaN. */
function power(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

const POW: BinaryFunction = {
  float: binaryLoopOf(power),
  // Negative powers are whole numbers only for 1 and -1.
  wide: (x, y) => (y >= 0n ? x ** y : x * x === 1n ? x ** -y : 0n),
};

/** x ** 2 as a product, which needs no function call for each element and is rounded once. */
function square(call: Evaluation, x: RunTensor): RunTensor {
  const { type, dims } = x;
  const run = elementwiseRun(call, { f: 'mul' }, dims, [x, x], true);
  const how = { type, dims, layout: call.layout, overwrites: overwritten(call, [x], dims) };
  return runRepeatable(call, x.data, { ...how, run: squared(run) });
}

function squared(run: ElementwiseRun | undefined): RepeatedRun {
  if (run === undefined) return (x, _, y) => SQUARE(x as NumberArray, y as NumberArray);
  return (x, _, y) => run(x as Float32Array, x as Float32Array, y as Float32Array);
}

const SQUARE: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = x[i]! * x[i]!;
};

function binary(opType: string, f: BinaryFunction): Operator {
  return operator(opType, {
    inputs: [2, 2],
    takesEpilogue: 'activation',
    infer: (node, inputs) => inferBroadcast(node, inputs),
    evaluate: (call, inputs) => [evaluatePair(call, operands(call.node, inputs), f)],
  });
}

export const arithmetic: readonly Operator[] = [
  binary('Add', ADD),
  binary('Sub', SUB),
  binary('Mul', MUL),
  binary('Div', DIV),
  operator('Mod', {
    since: 10,
    inputs: [2, 2],
    infer: (node, inputs) => inferBroadcast(node, inputs),
    evaluate(call, inputs) {
      const f = mod(call.node.attribute('fmod', 'int') === 1);
      return [evaluateBinary(call, ...operands(call.node, inputs), f)];
    },
  }),
  operator('Pow', {
    inputs: [2, 2],
    infer: (node, inputs) => inferBroadcast(node, inputs),
    evaluate(call, inputs) {
      const [base, given] = operands(call.node, inputs);
      const squares = call.isConstant(1) && given.data.length === 1 && Number(given.data[0]) === 2;
      if (squares && isFloatType(base.type) && given.dims.length <= base.dims.length) {
        return [square(call, base)];
      }
      if (base.type === given.type) return [evaluateBinary(call, base, given, POW)];
      // Since opset 12 the exponent may be of another type; the result has the base's.
      const values = numbersOf(required(call.node, [given], 0));
      const float = isFloatType(base.type);
      const plain = { type: 'float64' as const, dims: given.dims, data: Float64Array.from(values) };
      const cast = float ? toRunTensor(plain, call.arithmetic) : plain;
      const data = float && base.type === 'float64' ? plain.data : cast.data;
      if (float) return [evaluateBinary(call, base, { ...cast, type: base.type, data }, POW)];
      if (isFloatType(given.type)) {
        const wide = { ...plain, dims: base.dims, data: Float64Array.from(numbersOf(base)) };
        return [castTo(call, evaluateBinary(call, wide, plain, POW), base.type)];
      }
      const whole = allocate(base.type, values.length) as Int32Array;
      if (base.type === 'int64' || base.type === 'uint64') {
        values.forEach((value, i) => ((whole as unknown as BigInt64Array)[i] = BigInt(value)));
      } else {
        whole.set(values);
      }
      return [evaluateBinary(call, base, { ...base, dims: given.dims, data: whole }, POW)];
    },
  }),
];
