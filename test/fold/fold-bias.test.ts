import test from 'ava';

import { scaling, shifting } from '#convfuse/fold/batch-norm.js';
import { foldBias, roundBias } from '#convfuse/fold/fold-bias.js';

const affine = {
  scale: Float64Array.of(2, -1),
  mean: Float64Array.of(1, 3),
  shift: Float64Array.of(0.5, 0),
};

test('s * (b - mean) + shift, for each row', (t) => {
  const rows = Float64Array.of(1, 2, 3, 4);
  const folded = foldBias('float32', rows, affine, new Float64Array(2));
  t.deepEqual(folded, { stored: Float32Array.of(0.5, 1, 4.5, -1) });
});

test('without a bias there is one row of zeros', (t) => {
  const folded = foldBias('float64', undefined, affine, new Float64Array(2));
  t.deepEqual(folded, { stored: Float64Array.of(-1.5, 3) });
});

test('refused: a bias that is not finite, and one that overflows', (t) => {
  const one = new Float64Array(1);
  const scale = scaling(Float64Array.of(1e30));
  for (const bias of [NaN, Infinity, 1e30]) {
    const folded = foldBias('float32', Float64Array.of(bias), scale, one);
    t.is('reason' in folded ? folded.reason : undefined, 'non-finite', `${bias}`);
  }
  const half = foldBias('float16', Float64Array.of(65000), shifting(Float64Array.of(600)), one);
  t.is('reason' in half ? half.reason : undefined, 'non-finite');
});

test('underflow is measured against the weights and the terms of the bias', (t) => {
  const tiny = Float64Array.of(1.1e-40);
  const scale = scaling(Float64Array.of(0.3));
  const alone = foldBias('float32', tiny, scale, Float64Array.of(0));
  t.is('reason' in alone ? alone.reason : undefined, 'precision-loss');
  t.false('reason' in foldBias('float32', tiny, scale, Float64Array.of(1)));
});

test('rounding a bias once is no loss', (t) => {
  const values = Float64Array.of(1 / 3, -1e-3);
  t.deepEqual(roundBias('float32', values, values.map(Math.abs)), {
    stored: Float32Array.from(values),
  });
});
