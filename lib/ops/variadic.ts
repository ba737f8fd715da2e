// Sum, Mean, Max, Min: any number of operands, broadcast against each other.

import { ADD } from './arithmetic.js';
import {
  activated,
  binaryLoopOf,
  evaluateBinary,
  evaluatePair,
  inferBroadcast,
  type BinaryFunction,
} from './elementwise.js';
import type { FloatArray } from '../backend/backend.js';
import type { Evaluation, Operator, RunTensor } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { ANY, operator } from './schema.js';

// Comparisons with NaN are written so that a NaN on either side stays, as the standard asks.
const MAX: BinaryFunction = {
  float: binaryLoopOf((x, y) => (x > y || x !== x ? x : y)),
  native: 'max',
  wide: (x, y) => (x > y ? x : y),
};

const MIN: BinaryFunction = {
  float: binaryLoopOf((x, y) => (x < y || x !== x ? x : y)),
  native: 'min',
  wide: (x, y) => (x < y ? x : y),
};

function reduce(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
  f: BinaryFunction,
): RunTensor {
  let result = required(call.node, inputs, 0);
  let own = call.canOverwrite(0) ? result : undefined;
  for (let i = 1; i < inputs.length; i++) {
    result = evaluateBinary(call, result, required(call.node, inputs, i), f, own);
    // After the first step the partial result belongs to this loop.
    own = result;
  }
  return result;
}

function variadic(opType: string, f: BinaryFunction): Operator {
  return operator(opType, {
    inputs: [1, ANY],
    infer: (node, inputs) => inferBroadcast(node, inputs),
    takesEpilogue: 'activation',
    evaluate(call, inputs) {
      const [left, right] = inputs;
      if (inputs.length === 2 && left !== undefined && right !== undefined) {
        return [evaluatePair(call, [left, right], f)];
      }
      const result = reduce(call, inputs, f);
      const activation = call.epilogue?.activation;
      // With a single input the result is that input, which others may still read.
      const own = activation === undefined || result !== inputs[0] || call.canOverwrite(0);
      const copy = own ? result : { ...result, data: (result.data as FloatArray).slice() };
      return [activated(copy, activation)];
    },
  });
}

const mean = operator('Mean', {
  inputs: [1, ANY],
  infer: (node, inputs) => inferBroadcast(node, inputs),
  evaluate(call, inputs) {
    const sum = reduce(call, inputs, ADD);
    const data = call.allocate(sum.type, sum.dims) as FloatArray;
    const values = floatsOf(call.node, sum);
    for (let i = 0; i < data.length; i++) data[i] = values[i]! / inputs.length;
    return [{ ...sum, data }];
  },
});

export const variadics: readonly Operator[] = [
  variadic('Sum', ADD),
  mean,
  variadic('Max', MAX),
  variadic('Min', MIN),
];
