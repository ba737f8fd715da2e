import test from 'ava';

import { ErrorMeter } from '#convfuse/api/output-error.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { tensorOf } from '../helpers/run-text.js';

function errorOf(expected: readonly Tensor[], actual: readonly Tensor[]) {
  const meter = new ErrorMeter();
  expected.forEach((tensor, at) => meter.add({ y: tensor }, { y: actual[at]! }));
  return meter.result();
}

test('norms are those of all runs together', (t) => {
  const zero = tensorOf([2], [0, 0]);
  t.deepEqual(
    errorOf([tensorOf([2], [3, 4]), zero], [tensorOf([2], [3, 4]), tensorOf([2], [0, 1])]),
    {
      relL2: 0.2,
      maxAbs: 1,
      top1Agreement: undefined,
    },
  );
  t.like(errorOf([zero], [zero]), { relL2: 0, maxAbs: 0 });
  t.like(errorOf([zero], [tensorOf([2], [0, 1])]), { relL2: Infinity, maxAbs: 1 });
});

test('the worst output counts', (t) => {
  const meter = new ErrorMeter();
  const one = tensorOf([1], [1]);
  meter.add({ a: one, b: one }, { a: one, b: tensorOf([1], [1.5]) });
  t.like(meter.result(), { relL2: 0.5, maxAbs: 0.5 });
});

test('rows of logits agree where their largest element stays', (t) => {
  const logits = tensorOf([2, 3], [1, 2, 3, 3, 2, 1]);
  t.is(errorOf([logits], [tensorOf([2, 3], [1, 2, 2.5, 2, 3, 1])]).top1Agreement, 0.5);
  t.is(errorOf([tensorOf([1, 2, 1, 1])], [tensorOf([1, 2, 1, 1])]).top1Agreement, 1);
  for (const dims of [[4], [4, 1], [1, 2, 2]]) {
    t.is(errorOf([tensorOf(dims)], [tensorOf(dims)]).top1Agreement, undefined);
  }
});

test('NaN and infinities count where they differ', (t) => {
  const odd = tensorOf([3], [NaN, Infinity, 1]);
  t.like(errorOf([odd], [odd]), { relL2: 0, maxAbs: 0 });
  t.is(errorOf([odd], [tensorOf([3], [1, Infinity, 1])]).relL2, Infinity);
  t.is(errorOf([odd], [tensorOf([3], [NaN, -Infinity, 1])]).relL2, Infinity);
});

test('whole numbers are numbers, another shape is another result', (t) => {
  const whole = tensorOf([2], [3, 4], 'int64');
  t.is(errorOf([whole], [tensorOf([2], [3, 9], 'int64')]).relL2, 1);
  t.is(errorOf([tensorOf([2])], [tensorOf([3])]).relL2, Infinity);
});
