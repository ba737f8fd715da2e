import test from 'ava';

import { runAll, runText, tensorOf } from '../helpers/run-text.js';

const parameters = {
  g: tensorOf([2], [2, 1]),
  b: tensorOf([2], [1, 0]),
  m: tensorOf([2], [1, 0]),
  v: tensorOf([2], [4, 1]),
};
const x = tensorOf([1, 2, 2], [1, 3, 5, 7]);

test('inference: (x - mean) * scale / sqrt(variance + epsilon) + bias', (t) => {
  const text = 'y = BatchNormalization<epsilon = 0.0>(x, g, b, m, v)';
  t.deepEqual(runText(text, { x, ...parameters }).values, [1, 3, 5, 7]);
  const epsilon = 'y = BatchNormalization<epsilon = 3.0>(x, g, b, m, v)';
  const values = [1, 1 + 4 / Math.sqrt(7), 2.5, 3.5].map(Math.fround);
  t.deepEqual(runText(epsilon, { x, ...parameters }).values, values);
});

test('an absent epsilon is the float32 nearest to 1e-5, in double too, as it would be if written', (t) => {
  const doubles = Object.fromEntries(
    Object.entries({ ...parameters, v: tensorOf([2], [0, 1]), x }).map(([name, { dims, data }]) => [
      name,
      tensorOf(dims, [...(data as Float32Array)], 'float64'),
    ]),
  );
  const run = (attributes: string): readonly number[] =>
    runText(`y = BatchNormalization${attributes}(x, g, b, m, v)`, doubles, {
      arithmetic: 'float64',
    }).values;
  t.deepEqual(run(''), run(`<epsilon = ${Math.fround(1e-5)}>`));
  t.notDeepEqual(run(''), run('<epsilon = 0.00001>'));
});

test('training, opset 14: statistics of the batch, and running ones', (t) => {
  const text =
    'y, rm, rv = BatchNormalization<epsilon = 0.0, momentum = 0.5, training_mode = 1>' +
    '(x, g, b, m, v)';
  const outputs = runAll(text, { x, ...parameters });
  // Both channels have variance 1, over the count and not over one less.
  t.deepEqual(outputs['y']!.values, [-1, 3, -1, 1]);
  t.deepEqual(outputs['rm']!.values, [1.5, 3]);
  t.deepEqual(outputs['rv']!.values, [2.5, 1]);
});

test('training before opset 14: by outputs, and before 7 by is_test', (t) => {
  const text = 'y, rm, rv, sm, sv = BatchNormalization<epsilon = 0.0>(x, g, b, m, v)';
  const outputs = runAll(text, { x, ...parameters }, { opset: 9 });
  t.deepEqual(outputs['y']!.values, [-1, 3, -1, 1]);
  t.deepEqual(outputs['sm']!.values, [2, 6]);
  t.deepEqual(outputs['sv']!.values, [1, 1]);
  const old = (attributes: string): readonly number[] =>
    runText(
      `y = BatchNormalization<epsilon = 0.0${attributes}>(x, g, b, m, v)`,
      { x, ...parameters },
      { opset: 6 },
    ).values;
  t.deepEqual(old(', is_test = 1'), [1, 3, 5, 7]);
  t.deepEqual(old(''), [-1, 3, -1, 1]);
});

test('spatial = 0 has parameters for each element of an image', (t) => {
  const four = {
    g: tensorOf([2, 2], [1, 2, 3, 4]),
    b: tensorOf([2, 2], [0, 0, 0, 0]),
    m: tensorOf([2, 2], [0, 0, 0, 0]),
    v: tensorOf([2, 2], [1, 1, 1, 1]),
  };
  const text = 'y = BatchNormalization<epsilon = 0.0, spatial = 0>(x, g, b, m, v)';
  t.deepEqual(runText(text, { x, ...four }, { opset: 7 }).values, [1, 6, 15, 28]);
});

test('parameters of another length are refused', (t) => {
  const feeds = { x: tensorOf([1, 3, 1]), ...parameters };
  t.throws(() => runText('y = BatchNormalization(x, g, b, m, v)', feeds), {
    code: 'ERR_MODEL',
    message: /expected 3 elements/,
  });
});
