// Channels in blocks that are put behind each other, taken apart, or squeezed to a pixel.

import test from 'ava';

import { halos } from '../helpers/halos.js';

const PADS = 'pads = [1, 1, 1, 1]';
const head = (batch: number): string => `x: input float[${batch}, 3, 9, 9]
w0: float[8, 3, 3, 3]
w1: float[8, 8, 3, 3]
w2: float[8, 8, 1, 1]
wt: float[8, 16, 1, 1]
wo: float[6, 8, 1, 1]
wr: float[8, 14, 1, 1]
k: int64[2] = {4, 4}
h: float[4, 4, 3, 3]
a = Conv<${PADS}>(x, w0)
`;

test('joined channels lie in blocks, each part with the halo of its own readers', (t) => {
  const text = `${head(1)}b = Conv<${PADS}>(a, w1)\nc = Concat<axis = 1>(a, b)\ny = Conv(c, wt)`;
  t.deepEqual(halos(text, 'strict'), { a: '1,1,1,1', b: '0,0,0,0', c: '0,0,0,0' });
  t.deepEqual(halos(text.replace('axis = 1', 'axis = -3'), 'strict'), halos(text, 'strict'));
});

test('only the last of joined parts may end within a block', (t) => {
  const text = `${head(1)}b = Conv(a, wo)\nc = Concat<axis = 1>(a, b)\ny = Conv(c, wr)`;
  t.deepEqual(Object.keys(halos(text)), ['a', 'b', 'c']);
  t.deepEqual(halos(text.replace('(a, b)', '(b, a)')), {});
});

test('one dense part makes all of them dense, and what is joined', (t) => {
  const text = `${head(1)}b = Conv(a, w2)\nn = Neg(b)\nc = Concat<axis = 1>(a, n)\ny = Conv(c, wt)`;
  t.deepEqual(halos(text), {});
  const read = `${head(1)}b = Conv(a, w2)\nc = Concat<axis = 1>(a, b)\ny = Conv(c, wt)\nz = Neg(c)`;
  t.deepEqual(halos(read), {});
});

test('parts of one image share its memory: their halos are those of all', (t) => {
  const text = `${head(1)}p, q = Split<axis = 1>(a, k)
d = Conv<${PADS}>(p, h)
e = Add(d, q)
y = Conv(e, h)`;
  t.deepEqual(halos(text, 'strict'), {
    a: '1,1,1,1',
    p: '1,1,1,1',
    q: '1,1,1,1',
    e: '0,0,0,0',
  });
});

test('parts of several images are copied, and have halos of their own', (t) => {
  const text = `${head(2)}p, q = Split<axis = 1>(a, k)
d = Conv<${PADS}>(p, h)
e = Conv<dilations = [2, 2], pads = [2, 2, 2, 2]>(q, h)
f = Add(d, e)
y = Conv(f, h)`;
  const parts = halos(text, 'strict');
  t.deepEqual([parts['a'], parts['p'], parts['q']], ['0,0,0,0', '1,1,1,1', '2,2,2,2']);
});

test('parts that do not begin with a block are dense', (t) => {
  const text = `${head(1)}p, q = Split<axis = 1>(a, k)\nr = Relu(p)\ns = Relu(q)\ny = Neg(r)\nz = Neg(s)`;
  t.deepEqual(halos(text), {});
  const odd = `${head(1)}u: int64[2] = {3, 5}\np, q = Split<axis = 1>(a, u)\nv: float[4, 3, 1, 1]\nz: float[4, 5, 1, 1]\nr = Conv(p, v)\ns = Conv(q, z)\ne = Add(r, s)\ny = Neg(e)`;
  t.deepEqual(halos(odd), {});
});

test('any number of channels is squeezed from blocks', (t) => {
  const text = `${head(1)}b = Conv(a, wo)\ng = GlobalAveragePool(b)\ny = Mul(b, g)\nu: float[4, 6, 1, 1]\nz = Conv(y, u)`;
  t.deepEqual(Object.keys(halos(text)), ['a', 'b', 'y']);
});
