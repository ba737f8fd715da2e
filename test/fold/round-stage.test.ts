import test from 'ava';

import type { LinearStage } from '#convfuse/fold/linear-stage.js';
import { roundStage } from '#convfuse/fold/round-stage.js';
import type { FloatType } from '#convfuse/tensor/dtype.js';

import { rowsOf, windowOf } from '../helpers/linear-stage.js';

/** One output channel of these weights. */
function stage(weight: readonly number[], bias = 0): LinearStage {
  return {
    inputChannels: weight.length,
    outputChannels: 1,
    groups: 1,
    window: windowOf([1]),
    weight: Float64Array.from(weight),
    bias: Float64Array.of(bias),
  };
}

const reason = (type: FloatType, one: LinearStage): string | undefined => {
  const result = roundStage(type, rowsOf(one));
  return 'reason' in result ? result.reason : undefined;
};

test('weights and biases are rounded once', (t) => {
  const result = roundStage('float32', rowsOf(stage([0.1, 1 + 2 ** -30], 0.3)));
  if ('reason' in result) return t.fail(result.detail);
  t.deepEqual(result.weight, Float32Array.of(0.1, 1));
  t.deepEqual(result.bias, Float32Array.of(0.3));
});

test('what overflows, or is no number, is refused', (t) => {
  t.is(reason('float32', stage([3e38, 6e38])), 'non-finite');
  t.is(reason('float16', stage([70000])), 'non-finite');
  t.is(reason('float64', stage([NaN])), 'non-finite');
  t.is(reason('float32', stage([1], Infinity)), 'non-finite');
  t.is(reason('float16', stage([1], 70000)), 'non-finite');
});

test('underflow is refused where it is more than rounding may cost', (t) => {
  t.is(reason('float32', stage([1e-44])), 'precision-loss');
  t.is(reason('float32', stage([1, 1e-44])), undefined);
  t.is(reason('float16', stage([3e-8, 5e-8])), 'precision-loss');
  t.is(reason('float16', stage([1, 5e-8])), undefined);
  t.is(reason('float64', stage([1e-310])), 'precision-loss');
  t.is(reason('float64', stage([0, 1e-200])), undefined);
});
