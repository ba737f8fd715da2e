// Among layers that hand on blocks: transposed convolutions, layers of few channels, slopes by channel,
// means and maxima of planes, and tensors of 16-bit numbers.

import test from 'ava';

import { toFloat16 } from '#convfuse/tensor/half.js';

import { halos } from '../helpers/halos.js';
import { firstWrong, runEverywhere } from '../helpers/native-backends.js';
import { tensorOf } from '../helpers/run-text.js';
import { constant, integers } from '../helpers/whole-numbers.js';

const PADS = 'pads = [1, 1, 1, 1]';
const HEAD = `x: input float[1, 3, 5, 6]
w0: float[8, 3, 3, 3]
w1: float[8, 8, 1, 1]
w2: float[8, 8, 2, 2]
w3: float[8, 8, 3, 3]
w4: float[8, 8, 4, 4]
wf: float[8, 2, 2, 2]
a = Conv<${PADS}>(x, w0)
`;

const enlarged = (call: string): Record<string, string> =>
  halos(`${HEAD}b = ${call}\nc = Conv(b, w1)\ny = Neg(c)`, 'strict');

test('transposed convolutions read blocks, and a halo by the taps of a residue', (t) => {
  const cases: [string, string][] = [
    ['ConvTranspose<strides = [2, 2]>(a, w2)', '0,0,0,0'],
    [`ConvTranspose<strides = [2, 2], ${PADS}>(a, w3)`, '1,1,0,0'],
    [`ConvTranspose<strides = [2, 2], ${PADS}, output_padding = [1, 1]>(a, w3)`, '1,1,1,1'],
    [`ConvTranspose<strides = [2, 2], ${PADS}>(a, w4)`, '1,1,1,1'],
    [`ConvTranspose<${PADS}>(a, w3)`, '1,1,1,1'],
    ['ConvTranspose(a, w3)', '2,2,2,2'],
    ['ConvTranspose<strides = [2, 1]>(a, w4)', '1,3,1,3'],
    ['ConvTranspose<strides = [2, 2], output_shape = [9, 11]>(a, w3)', '1,1,0,0'],
    ['ConvTranspose<strides = [2, 2], auto_pad = "SAME_UPPER">(a, w3)', '1,1,0,0'],
  ];
  for (const [call, halo] of cases) {
    t.deepEqual(enlarged(call), { a: halo, b: '0,0,0,0' }, call);
  }
});

test('weights that are the input too are dense', (t) => {
  t.deepEqual(enlarged('ConvTranspose(a, a)'), {});
});

test('they open blocks, whatever they read', (t) => {
  const text = `x: input float[1, 8, 5, 6]
w: float[8, 8, 2, 2]
v: float[8, 8, 1, 1]
a = ConvTranspose<strides = [2, 2]>(x, w)
y = Conv(a, v)`;
  t.deepEqual(halos(text), { a: '0,0,0,0' });
});

test('those that are no plain convolutions for the outputs of a residue are dense', (t) => {
  for (const call of [
    `ConvTranspose<strides = [2, 2], ${PADS}>(a, w2)`, // no output of one residue has a tap at the pad
    'ConvTranspose<strides = [3, 2]>(a, w2)', // a residue without a tap
    'ConvTranspose<dilations = [2, 2]>(a, w3)',
  ]) {
    t.deepEqual(enlarged(call), {}, call);
  }
});

test('groups of whole blocks only', (t) => {
  const grouped = (groups: number): Record<string, string> =>
    halos(
      `${HEAD}wg: float[8, ${8 / groups}, 2, 2]
b = ConvTranspose<group = ${groups}, strides = [2, 2]>(a, wg)
c = Conv(b, w1)
y = Neg(c)`,
      'strict',
    );
  t.deepEqual(grouped(2), { a: '0,0,0,0', b: '0,0,0,0' });
  t.deepEqual(grouped(4), {});
});

test('few channels go out as planes, whatever reads them', (t) => {
  const end = 'd = Conv(b, wd)\ne = Conv(d, w1)\ny = Neg(e)\nwd: float[8, 2, 1, 1]';
  const [conv, transposed] = ['Conv(a, wn)\nwn: float[1, 8, 1, 1]', 'ConvTranspose(a, wf)'];
  t.deepEqual(halos(`${HEAD}b = ${transposed}\n${end}`, 'strict'), { a: '1,1,1,1', d: '0,0,0,0' });
  const one = end.replace('wd: float[8, 2', 'wd: float[8, 1');
  t.deepEqual(halos(`${HEAD}b = ${conv}\n${one}`, 'strict'), { a: '0,0,0,0', d: '0,0,0,0' });
});

test('slopes of channels are applied in blocks', (t) => {
  for (const layer of ['Conv(a, w1)', 'ConvTranspose<strides = [2, 2]>(a, w2)']) {
    const text = `${HEAD}s: float[8, 1, 1]\nb = ${layer}\nc = PRelu(b, s)\ny = Conv(c, w1)`;
    t.deepEqual(halos(text), { a: '0,0,0,0', c: '0,0,0,0' }, layer);
  }
});

test('means and maxima of planes read blocks', (t) => {
  const tail = 'g = ReduceMean<axes = [2, 3]>(a)\ny = Mul(a, g)\nz = Conv(y, w1)';
  t.deepEqual(halos(HEAD + tail), { a: '0,0,0,0', y: '0,0,0,0' });
  t.deepEqual(
    halos((HEAD + tail).replace('ReduceMean<axes = [2, 3]', 'ReduceMax<axes = [-1, -2]')),
    {
      a: '0,0,0,0',
      y: '0,0,0,0',
    },
  );
  for (const other of ['axes = [1, 2]', 'axes = [2]', 'keepdims = 1']) {
    t.deepEqual(halos((HEAD + tail).replace('axes = [2, 3]', other)), {}, other);
  }
});

test('planes of 20 channels are reduced to numbers, with or without axes of size 1', (t) => {
  const dims = [2, 3, 4, 5];
  const head = `x: input float[${dims.join(', ')}]\n${constant('w', [20, 3, 1, 1], 1)}a = Conv(x, w)\n`;
  for (const [operator, error] of [
    ['ReduceMax', 0],
    ['ReduceMean', 1e-6],
  ] as const) {
    for (const keepdims of [0, 1]) {
      const text = `${head}y = ${operator}<axes = [2, 3], keepdims = ${keepdims}>(a)`;
      const runs = runEverywhere(text, { x: tensorOf(dims, integers(dims, 9)) });
      t.is(
        firstWrong(runs, (value) => error * Math.max(1, Math.abs(value))),
        undefined,
        text,
      );
    }
  }
});

test('numbers of 16 bits, which a run holds in float32, lie in blocks', (t) => {
  const text = `${HEAD}b = BatchNormalization(a, n, n, n, n)\ny = Conv(b, w1)\nn: float[8] = {1, 1, 1, 1, 2, 2, 2, 2}`;
  for (const type of ['float', 'float16', 'bfloat16']) {
    const layouts = halos(text.replaceAll('float[', `${type}[`));
    t.deepEqual(layouts, { a: '0,0,0,0', b: '0,0,0,0' }, type);
  }
  t.deepEqual(halos(text.replaceAll('float[', 'double[')), {});
});

test('a float16 network is as the reference says, rounded once', (t) => {
  const dims = [1, 3, 5, 6];
  const weights = [constant('w', [20, 3, 3, 3], 1), constant('v', [20, 7, 2, 2], 2)].join('');
  const head = `x: input float16[${dims.join(', ')}]\n${weights}`.replaceAll('float[', 'float16[');
  const text = `${head}a = Conv<${PADS}>(x, w)\nb = Relu(a)\ny = ConvTranspose<strides = [2, 2]>(b, v)`;
  const x = {
    type: 'float16',
    dims,
    data: Uint16Array.from(integers(dims, 9), toFloat16),
  } as const;
  t.is(
    firstWrong(runEverywhere(text, { x }), () => 0),
    undefined,
  );
});
