import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import type { Dim } from '#convfuse/ir/value.js';
import { activationOf } from '#convfuse/ops/activation-of.js';

function activation(text: string, options: { opset?: number; dims?: readonly Dim[] } = {}) {
  const { opset = 20, dims } = options;
  return activationOf(parseText(text, { opset }).graph.last!, dims);
}

test('operators without parameters', (t) => {
  t.is(activation('y = Relu(x)')?.kind, 'relu');
  t.is(activation('y = Mish(x)')?.kind, 'mish');
  t.is(activation('y = Gelu(x)')?.kind, 'gelu');
  t.is(activation('y = Gelu<approximate = "tanh">(x)')?.kind, 'gelu-tanh');
  t.is(activation('y = Softsign(x)'), undefined);
  t.is(activation('y = com.other.Relu(x)'), undefined);
  t.is(activation('y = toString(x)'), undefined);
});

test('parameters from attributes', (t) => {
  t.deepEqual(activation('y = LeakyRelu<alpha = 0.5>(x)'), {
    kind: 'leaky-relu',
    alpha: 0.5,
    beta: 0,
  });
  t.like(activation('y = Elu(x)'), { kind: 'elu', alpha: 1 });
  t.like(activation('y = HardSigmoid(x)'), {
    kind: 'hard-sigmoid',
    alpha: Math.fround(0.2),
    beta: 0.5,
  });
  t.is(activation('y = Swish(x)', { opset: 24 })?.kind, 'silu');
  t.is(activation('y = Swish<alpha = 2.0>(x)', { opset: 24 }), undefined);
});

test('Clip with constant bounds; the common ones have names', (t) => {
  const attributes = { opset: 10 };
  t.is(activation('y = Clip<min = 0.0, max = 6.0>(x)', attributes)?.kind, 'relu6');
  t.is(activation('y = Clip<min = 0.0>(x)', attributes)?.kind, 'relu');
  const bounds = 'low: float[] = {-1}\nhigh: float[] = {2}\n';
  t.deepEqual(activation(`${bounds}y = Clip(x, low, high)`), { kind: 'clip', alpha: -1, beta: 2 });
  t.like(activation(`${bounds}y = Clip(x, "", high)`), { alpha: -Infinity, beta: 2 });
  t.is(activation('low: input float[]\ny = Clip(x, low)'), undefined);
});

test('PRelu with one slope, or one for each channel', (t) => {
  const slopes = (shape: string): string => `s: float[${shape}] = {1, 2, 3}\ny = PRelu(x, s)`;
  const dims = [1, 3, 5, 3];
  t.deepEqual([...activation(slopes('3, 1, 1'), { dims })!.slope!], [1, 2, 3]);
  t.is(activation(slopes('1, 3, 1, 1'), { dims })?.kind, 'prelu');
  // Aligned at the last axes, these are slopes per column and per row.
  t.is(activation(slopes('3'), { dims }), undefined);
  t.is(activation(slopes('3, 1'), { dims: [1, 3, 3, 5] }), undefined);
  t.is(activation(slopes('3'), { dims, opset: 6 })?.kind, 'prelu');
  t.is(activation(slopes('3, 1, 1')), undefined);
  t.deepEqual([...activation('s: float[1] = {0.5}\ny = PRelu(x, s)')!.slope!], [0.5]);
});
