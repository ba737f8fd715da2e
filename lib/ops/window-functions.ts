// HannWindow, HammingWindow, BlackmanWindow: sums of cosines over a window.

import type { FloatArray } from '../backend/backend.js';
import { isFloatType } from '../tensor/dtype.js';
import { typeAttribute } from './cast.js';
import { constantNumbers } from './facts.js';
import type { Operator } from './operator.js';
import { numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** y[n] = sum of weights[k] cos(2 pi k n / N); N is the size or, unless `periodic`, size - 1. */
function windowFunction(opType: string, weights: readonly number[]): Operator {
  return operator(opType, {
    since: 17,
    infer(node, [size]) {
      const count = constantNumbers(size)?.[0];
      return [{ type: typeAttribute(node, 'output_datatype') ?? 'float32', dims: [count] }];
    },
    evaluate(call, inputs) {
      const { node } = call;
      const type = typeAttribute(node, 'output_datatype') ?? 'float32';
      const size = numbersOf(required(node, inputs, 0))[0];
      if (!isFloatType(type))
        throw nodeError(node, 'ERR_UNSUPPORTED', `windows of ${type} are not supported`);
      if (size === undefined || size < 0)
        throw nodeError(node, 'ERR_MODEL', `expected a size of 0 or more, received ${size}`);
      const period = (node.attribute('periodic', 'int') ?? 1) === 0 ? size - 1 : size;
      const data = call.allocate(type, [size]) as FloatArray;
      for (let n = 0; n < size; n++) {
        data[n] = weights.reduce(
          (sum, w, k) => sum + w * Math.cos((2 * Math.PI * k * n) / period),
          0,
        );
      }
      return [{ type, dims: [size], data }];
    },
  });
}

export const windowFunctions: readonly Operator[] = [
  windowFunction('HannWindow', [0.5, -0.5]),
  windowFunction('HammingWindow', [25 / 46, -21 / 46]),
  windowFunction('BlackmanWindow', [0.42, -0.5, 0.08]),
];
