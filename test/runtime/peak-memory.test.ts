import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import { peakValueBytes } from '#convfuse/runtime/peak-memory.js';

const x = new Map([['x', [4]]]);

test('a chain holds two values at a time', (t) => {
  const model = parseText('x: input float[4]\na = Relu(x)\nb = Exp(a)\ny = Neg(b)');
  t.is(peakValueBytes(model), 2 * 16);
});

test('a value that is read late is held until then', (t) => {
  const model = parseText('x: input float[4]\na = Exp(x)\nb = Exp(a)\ny = Mul(b, x)');
  t.is(peakValueBytes(model), 3 * 16);
});

test('unknown shapes give nothing, shapes that are given count', (t) => {
  const model = parseText('x: input float[N, M]\ny = Exp(x)');
  t.is(peakValueBytes(model), undefined);
  t.is(peakValueBytes(model, new Map([['x', [2, 8]]])), 2 * 64);
  t.is(peakValueBytes(parseText('x: input float[4]\ny = my.domain.Op(x)'), x), undefined);
});
