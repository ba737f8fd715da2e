import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import { runCosts } from '#convfuse/runtime/summary.js';

test('a merged convolution is one launch; its bytes are each tensor once', (t) => {
  const text = `
    x: input float[?, 2, 4, 4]
    w: float[3, 2, 3, 3]
    b: float[3]
    a = Conv<pads = [1, 1, 1, 1]>(x, w, b)
    y = Relu(a)
  `;
  t.deepEqual(runCosts(parseText(text)), {
    macs: 48 * 18,
    launches: 1,
    trafficBytes: 4 * (32 + 54 + 3 + 48),
  });
});

test('a bias that is merged into a product is read by its step', (t) => {
  const text = `
    x: input float[4, 8]
    m: float[8, 2]
    b: float[2]
    p = MatMul(x, m)
    y = Add(p, b)
  `;
  t.deepEqual(runCosts(parseText(text)), {
    macs: 64,
    launches: 1,
    trafficBytes: 4 * (32 + 16 + 2 + 8),
  });
});

test('views cost nothing, and other batches cost in proportion', (t) => {
  const text = 'x: input float[N, 8]\nm: float[8, 2]\na = Flatten(x)\ny = MatMul(a, m)';
  const one = runCosts(parseText(text));
  t.deepEqual(one, { macs: 16, launches: 1, trafficBytes: 4 * (8 + 16 + 2) });
  const ten = runCosts(parseText(text), new Map([['x', [10, 8]]]));
  t.deepEqual(ten, { macs: 160, launches: 1, trafficBytes: 4 * (80 + 16 + 20) });
});

test('half the bytes for float16', (t) => {
  t.is(runCosts(parseText('x: input float16[8]\ny = Relu(x)')).trafficBytes, 32);
});

test('what is not known is said not to be', (t) => {
  t.deepEqual(runCosts(parseText('y = org.acme.Op(x)')), {
    macs: undefined,
    launches: undefined,
    trafficBytes: undefined,
  });
  const open = 'x: input float[1, 1, H, W]\nw: float[1, 1, 3, 3]\ny = Conv(x, w)';
  t.deepEqual(runCosts(parseText(open)), { macs: undefined, launches: 1, trafficBytes: undefined });
});
