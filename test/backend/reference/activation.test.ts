import test from 'ava';

import {
  ACTIVATION_KINDS,
  defaultParameters,
  type ActivationKind,
} from '#convfuse/backend/activation.js';
import { activate } from '#convfuse/backend/reference/activation.js';

function apply(kind: ActivationKind, x: number, extra = {}): number {
  const values = Float64Array.of(99, x, 99);
  const slope = Float64Array.of(0.25, 0.5);
  activate({ kind, ...defaultParameters(kind), slope, ...extra }, values, 1, 2, 1);
  if (values[0] !== 99 || values[2] !== 99) throw new Error('wrote outside its range');
  return values[1]!;
}

// At x = -1.5 and x = 2, from the formulas of PyTorch's documentation evaluated in Python.
const VALUES: Readonly<Record<ActivationKind, readonly [below: number, above: number]>> = {
  identity: [-1.5, 2],
  relu: [0, 2],
  'leaky-relu': [-1.5 * Math.fround(0.01), 2],
  prelu: [-0.75, 2],
  relu6: [0, 2],
  clip: [-1.5, 2],
  sigmoid: [0.18242552380635635, 0.8807970779778823],
  silu: [-0.2736382857095345, 1.7615941559557646],
  'hard-swish': [-0.375, 1.6666666666666665],
  'hard-sigmoid': [0.5 - 1.5 * Math.fround(0.2), 0.5 + 2 * Math.fround(0.2)],
  tanh: [-0.9051482536448664, 0.9640275800758169],
  gelu: [-0.10021080190328713, 1.9544997361036416],
  'gelu-tanh': [-0.10042842301976707, 1.954597694087775],
  mish: [-0.29809974216680674, 1.9439589595339946],
  elu: [-0.7768698398515702, 2],
  softplus: [0.2014132779827524, 2.1269280110429727],
};

test('every kind at a number below and one above 0', (t) => {
  for (const kind of ACTIVATION_KINDS) {
    const [below, above] = VALUES[kind];
    t.true(Math.abs(apply(kind, -1.5) - below) < 1e-14, `${kind} ${apply(kind, -1.5)}`);
    t.true(Math.abs(apply(kind, 2) - above) < 1e-14, `${kind} ${apply(kind, 2)}`);
  }
});

test('NaN passes through, and far values neither overflow nor turn into NaN', (t) => {
  for (const kind of ACTIVATION_KINDS) {
    t.is(apply(kind, NaN), NaN, kind);
    t.false(Number.isNaN(apply(kind, 1e4)), kind);
    t.false(Number.isNaN(apply(kind, -1e4)), kind);
  }
  t.is(apply('softplus', 1e4), 1e4);
  t.is(apply('silu', -1e4), -0);
});

test('a factor, a shift and limits follow', (t) => {
  const tail = { scale: -2, shift: 1, low: -4, high: 3 };
  t.is(apply('relu', 1, { tail }), -1);
  t.is(apply('relu', -1, { tail }), 1);
  t.is(apply('identity', 9, { tail }), -4);
  t.is(apply('identity', -9, { tail }), 3);
  t.is(apply('identity', 0, { tail: { ...tail, low: 5 } }), 3);
  t.is(apply('identity', NaN, { tail }), NaN);
});

test('tails keep their digits', (t) => {
  t.true(Math.abs(apply('gelu', -10) / -7.619853024160593e-23 - 1) < 1e-13);
  t.true(Math.abs(apply('gelu-tanh', -6) / -8.439646700762311e-11 - 1) < 1e-13);
  t.true(Math.abs(apply('softplus', -30) / 9.357622968839737e-14 - 1) < 1e-14);
});

test('parameters', (t) => {
  t.is(apply('clip', 5, { alpha: 3, beta: 1 }), 1); // ONNX: beta where alpha > beta
  t.is(apply('clip', -5, { alpha: -2, beta: 1 }), -2);
  t.is(apply('prelu', -2, { slope: Float64Array.of(3) }), -6); // one slope for all channels
  t.is(apply('relu6', 7), 6);
  t.is(apply('hard-sigmoid', 100), 1);
});
