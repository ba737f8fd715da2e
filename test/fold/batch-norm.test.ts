import test from 'ava';

import { batchNormAffine, scaling, shifting } from '#convfuse/fold/batch-norm.js';

function statistics(gamma: number, beta: number, mean: number, variance: number, epsilon: number) {
  return {
    gamma: Float64Array.of(gamma),
    beta: Float64Array.of(beta),
    mean: Float64Array.of(mean),
    variance: Float64Array.of(variance),
    epsilon,
  };
}

test('the scale is gamma / sqrt(variance + epsilon)', (t) => {
  const affine = batchNormAffine(statistics(3, 0.5, -2, 3, 1));
  t.deepEqual(affine, {
    scale: Float64Array.of(1.5),
    mean: Float64Array.of(-2),
    shift: Float64Array.of(0.5),
  });
});

const REFUSED: readonly [string, Parameters<typeof statistics>, string][] = [
  ['negative variance', [1, 0, 0, -1, 1e-5], 'non-finite'],
  ['negative variance that epsilon outweighs', [1, 0, 0, -1e-9, 1e-5], 'non-finite'],
  ['variance and epsilon 0', [1, 0, 0, 0, 0], 'non-finite'],
  ['negative epsilon', [1, 0, 0, 1, -1e-5], 'non-finite'],
  ['epsilon NaN', [1, 0, 0, 1, NaN], 'non-finite'],
  ['epsilon infinite', [1, 0, 0, 1, Infinity], 'non-finite'],
  ['gamma NaN', [NaN, 0, 0, 1, 1e-5], 'non-finite'],
  ['gamma infinite', [Infinity, 0, 0, 1, 1e-5], 'non-finite'],
  ['beta infinite', [1, -Infinity, 0, 1, 1e-5], 'non-finite'],
  ['mean NaN', [1, 0, NaN, 1, 1e-5], 'non-finite'],
  ['variance infinite', [1, 0, 0, Infinity, 1e-5], 'non-finite'],
  ['variance NaN', [1, 0, 0, NaN, 1e-5], 'non-finite'],
  ['scale overflows', [1e308, 0, 0, 1e-12, 0], 'non-finite'],
  ['scale underflows', [1e-320, 0, 0, 1e30, 0], 'precision-loss'],
];

for (const [name, parameters, reason] of REFUSED) {
  test(`refused: ${name}`, (t) => {
    const result = batchNormAffine(statistics(...parameters));
    t.is('reason' in result ? (result.reason as string) : undefined, reason);
  });
}

test('gamma 0 and large finite parameters are fine', (t) => {
  t.false('reason' in batchNormAffine(statistics(0, 1, 1, 1, 1e-5)));
  t.false('reason' in batchNormAffine(statistics(1.5e308, 1.5e308, 1.5e308, 1.5e308, 0)));
});

test('scaling and shifting are maps without the other part', (t) => {
  t.deepEqual(scaling(Float64Array.of(2, 3)).shift, Float64Array.of(0, 0));
  t.deepEqual(shifting(Float64Array.of(2, 3), -1).scale, Float64Array.of(-1, -1));
});
