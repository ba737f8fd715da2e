// Which values of a plan lie in blocks, and that a network computes the same with them as without.

import test from 'ava';

import { loadAddon } from '#convfuse/backend/native/binding.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';

import { relativeL2 } from '../helpers/bounds.js';
import { halos } from '../helpers/halos.js';
import { randomChain } from '../helpers/random-chain.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
const { addon } = loaded;
const natives = addon
  .info()
  .isas.flatMap((isa) => [1, 3].map((threads) => new NativeBackend(addon, isa, threads, 'test')));

const PADS = 'pads = [1, 1, 1, 1]';
const HEAD = `x: input float[1, 3, 9, 9]
w0: float[8, 3, 3, 3]
w1: float[8, 8, 3, 3]
w2: float[8, 8, 1, 1]
wd: float[8, 1, 3, 3]
wg: float[8, 4, 1, 1]
a = Conv<${PADS}>(x, w0)
`;

test('a first layer opens blocks, and convolutions keep them', (t) => {
  const text = `${HEAD}b = Conv<${PADS}>(a, w1)\nc = Conv(b, w2)\ny = Neg(c)`;
  // Whole tiles of two outputs read a row and a column more than the nine need.
  t.deepEqual(halos(text), { a: '1,1,2,2', b: '0,0,0,0' });
  t.deepEqual(halos(text, 'fast'), { a: '1,1,4,4', b: '0,0,0,0' });
  t.deepEqual(halos(text, 'strict'), { a: '1,1,1,1', b: '0,0,0,0' });
  t.deepEqual(halos(text, 'bfloat16'), halos(text, 'fast'));
});

test('the halo of a value is that of the reader that needs most', (t) => {
  const text = `${HEAD}b = Conv(a, w2)
c = Conv<dilations = [3, 3], pads = [3, 2, 3, 4]>(a, w1)
d = Conv(b, w2)
e = Conv(c, w2)
y = Neg(d)
z = Neg(e)`;
  t.deepEqual(halos(text), { a: '3,2,3,4', b: '0,0,0,0', c: '0,0,0,0' });
});

test('residuals, pools and depthwise layers pass blocks on', (t) => {
  const text = `${HEAD}b = Conv<group = 8, ${PADS}>(a, wd)
c = Conv<${PADS}>(b, w1)
d = Add(c, a)
e = Relu(d)
f = MaxPool<kernel_shape = [3, 3], strides = [2, 2], ${PADS}>(e)
y = GlobalAveragePool(f)`;
  t.deepEqual(Object.keys(halos(text)), ['a', 'b', 'e', 'f']);
});

const GATE = `b = Conv(a, w2)
p = GlobalAveragePool(b)
q = Conv(p, w2)
s = Sigmoid(q)
`;

test('gates and other element-wise steps pass blocks on', (t) => {
  const behind = 'c = Conv(m, w2)\ny = Neg(c)';
  const inside = ['a', 'b', 'm'];
  t.deepEqual(Object.keys(halos(`${HEAD}${GATE}m = Mul(b, s)\n${behind}`)), inside);
  t.deepEqual(Object.keys(halos(`${HEAD}${GATE}m = Mul(s, b)\n${behind}`)), inside);
  const two = 'b = Conv(a, w2)\nd = Conv(b, w2)\ne = Sigmoid(b)\n';
  const names = Object.keys(halos(`${HEAD}${two}m = Div(e, d)\n${behind}`));
  t.deepEqual(names.sort(), ['a', 'b', 'd', 'e', 'm']);
  const values = '{1, 2, 3, 4, 5, 6, 7, 8}';
  const one = 'b = Conv(a, w2)\nd = Conv(b, w2)\n';
  for (const [constants, step] of [
    [`s: float[8, 1, 1] = ${values}`, 'Add(b, s)'],
    [`s: float[1, 8, 1, 1] = ${values}`, 'Sub(s, b)'],
    [`s: float[8, 1, 1] = ${values}`, 'PRelu(b, s)'],
    [`s: float[8] = ${values}`, 'BatchNormalization(b, s, s, s, s)'],
    ['s: float = {2}', 'Max(s, b)'],
    ['s: float = {2}', 'Clip(b, s)'],
    ['', 'Sigmoid(b)'],
  ] as const) {
    const text = `${HEAD}${constants}\n${one}m = ${step}\nf = Conv(m, w2)\ng = Add(d, f)\ny = Neg(g)`;
    t.deepEqual(Object.keys(halos(text)), ['a', 'b', 'm'], step);
  }
});

test('an element-wise step finds the halo of its result around what it may overwrite', (t) => {
  const ones = 's: float[8] = {1, 1, 1, 1, 1, 1, 1, 1}';
  const norm = `b = Conv(a, w2)\nm = BatchNormalization(b, s, s, s, s)\nc = Conv<${PADS}>(m, w1)`;
  const behind =
    'd = Max(m, c)\ne = Conv<dilations = [2, 2], pads = [2, 2, 2, 2]>(d, w1)\ny = Neg(e)';
  t.deepEqual(halos(`${HEAD}${ones}\n${norm}\n${behind}`, 'strict'), {
    a: '0,0,0,0',
    b: '2,2,2,2',
    m: '2,2,2,2',
    c: '2,2,2,2',
    d: '2,2,2,2',
  });
});

test('what is broadcast in another way is dense', (t) => {
  const values = Array(9).fill(0.5).join(', ');
  for (const [constants, step] of [
    [`s: float[9] = {${values}}`, 'Add(b, s)'],
    [`s: float[9, 1] = {${values}}`, 'Mul(b, s)'],
    ['', 'Sum(b, d, b)'],
    ['', 'Softsign(b)'],
    ['s: float[8] = {1, 2, 3, 4, 5, 6, 7, 0}', 'BatchNormalization<epsilon = 0.0>(b, s, s, s, s)'],
    [
      's: float[8] = {1, 2, 3, 4, 5, 6, 7, 8}',
      'BatchNormalization<training_mode = 1>(b, s, s, s, s)',
    ],
  ] as const) {
    const head = `${HEAD}${constants}\nb = Conv(a, w2)\nd = Conv(b, w2)\n`;
    const text = `${head}m = ${step}\nf = Conv(m, w2)\ng = Add(d, f)\ny = Neg(g)`;
    t.deepEqual(Object.keys(halos(text)), ['a'], step);
  }
});

test('planes that are resized pass blocks on', (t) => {
  const text = `${HEAD}s: float[4] = {1, 1, 2, 2}
c: float[4] = {1, 2, 2, 2}
o: float[4] = {1, 1, 1, 1}
b = Resize<mode = "linear">(a, "", s)
d = Conv<${PADS}>(b, w1)
y = Conv(d, w2)`;
  t.deepEqual(halos(text), { a: '0,0,0,0', b: '1,1,1,1', d: '0,0,0,0' });
  // As it is, or with other channels too, a tensor is dense.
  t.deepEqual(halos(text.replace('"", s)', '"", o)')), { d: '0,0,0,0' });
  const wide = text.replace('"", s)', '"", c)').replace('w1: float[8, 8', 'w1: float[8, 16');
  t.deepEqual(halos(wide), { d: '0,0,0,0' });
});

test('a value is dense where somebody wants it so', (t) => {
  const tail = 'y = Conv(a, w2)';
  t.deepEqual(halos(`${HEAD}${tail}`), { a: '0,0,0,0' });
  for (const reader of [
    'z = Neg(a)',
    'a: output',
    'wq: float[4, 4, 1, 1]\nz = Conv<group = 2>(a, wq)',
    'z = MaxPool<kernel_shape = [2, 2]>(a)\nv = Neg(z)',
    `z = Conv<group = 8, ${PADS}>(a, wd)`,
    'z = Concat<axis = 2>(a, a)',
    'z = Conv(a, a)',
    'z = Concat<axis = 1>(a, x)',
    'k: bool[] = {1}\nz = If<then_branch = { p = Neg(a) }, else_branch = { q = Abs(a) }>(k)',
  ]) {
    const outputs = reader.startsWith('a: output') ? 'y: output\n' : '';
    t.deepEqual(halos(`${HEAD}${tail}\n${outputs}${reader}`), {}, reader);
  }
});

test('a residual that is the weights too is dense', (t) => {
  const text = `x: input float[8, 3, 3, 3]
w0: float[8, 3, 3, 3]
a = Conv<${PADS}>(x, w0)
b = Conv<${PADS}>(a, v)
v = Conv<${PADS}>(x, w1)
w1: float[8, 3, 3, 3]
c = Add(b, v)
y = GlobalAveragePool(c)`;
  t.deepEqual(Object.keys(halos(text)), []);
  t.deepEqual(Object.keys(halos(text.replace('Add(b, v)', 'Add(b, a)'))), ['a', 'c']);
});

test('a step of which only a later output is wanted', (t) => {
  const model = parseText('x: input float[1, 2, 3, 3]\nk: int64[1] = {1}\n"", i = TopK(x, k)');
  const data = Float32Array.from({ length: 18 }, (_, i) => i);
  for (const backend of natives) {
    const feeds = { x: { type: 'float32', data, dims: [1, 2, 3, 3] } } as const;
    const { i } = Session.create(model, { backend }).runSync(feeds);
    t.deepEqual(i!.data, new BigInt64Array(6).fill(2n));
  }
});

test('lower and higher ranks, and many dense channels of single pixels, stay as they are', (t) => {
  const line = 'x: input float[1, 3, 9]\nw: float[8, 3, 3]\nv: float[8, 8, 3]\n';
  t.deepEqual(halos(`${line}a = Conv(x, w)\ny = Conv(a, v)`), {});
  const deep = 'x: input float[1, 3, 9, 9, 9]\nw: float[8, 3, 3, 3, 3]\nv: float[8, 8, 3, 3, 3]\n';
  t.deepEqual(halos(`${deep}a = Conv(x, w)\ny = Conv(a, v)`), {});
  const wide = 'x: input float[1, 8, 9, 9]\nw: float[8, 8, 3, 3]\n';
  const layers = `${wide}a = Conv(x, w)\ny = Conv(a, w)`;
  t.deepEqual(halos(layers, 'strict'), { a: '0,0,0,0' });
  t.deepEqual(halos(layers.replace('8, 8, 3, 3', '8, 8, 1, 1')), {});
});

/** Channel counts that are no multiple of any block, strides, dilations, residuals, pools. */
const NETWORKS: Record<string, string> = {
  'odd channels': `a = Conv<strides = [2, 2], ${PADS}>(x, $0[13, 3, 3, 3], $1[13])
b = Clip(a, $low, $high)
c = Conv<group = 13, ${PADS}>(b, $2[13, 1, 3, 3])
d = Relu(c)
e = Conv(d, $3[7, 13, 1, 1])
f = Conv<${PADS}>(e, $4[7, 7, 3, 3])
g = Add(e, f)
h = LeakyRelu(g)
i = Conv<strides = [2, 2], ${PADS}>(h, $5[21, 7, 3, 3])
y = Conv(i, $6[5, 21, 1, 1])`,
  'whole blocks': `a = Conv<strides = [2, 2], pads = [3, 3, 3, 3]>(x, $0[32, 3, 7, 7], $1[32])
b = Relu(a)
c = MaxPool<kernel_shape = [3, 3], strides = [2, 2], ${PADS}>(b)
d = Conv<${PADS}>(c, $2[32, 32, 3, 3], $3[32])
e = HardSwish(d)
f = Conv<${PADS}>(e, $4[32, 32, 3, 3])
g = Add(c, f)
h = Relu(g)
i = AveragePool<kernel_shape = [2, 3], strides = [2, 1], pads = [0, 1, 1, 1]>(h)
j = Conv<strides = [2, 2]>(i, $5[48, 32, 1, 1])
k = GlobalAveragePool(j)
y = Flatten(k)`,
  'wide kernels': `a = Conv<${PADS}>(x, $0[16, 3, 3, 3])
b = Conv<group = 16, dilations = [2, 1], pads = [4, 2, 4, 2]>(a, $1[16, 1, 5, 5])
c = Sigmoid(b)
d = Conv<strides = [1, 2], pads = [0, 2, 1, 3]>(c, $2[24, 16, 2, 6], $3[24])
e = Conv<dilations = [2, 3], pads = [2, 3, 2, 3]>(d, $4[9, 24, 3, 3])
y = MaxPool<kernel_shape = [2, 2]>(e)`,
  'squeeze and excitation': `a = Conv<${PADS}>(x, $0[32, 3, 3, 3], $1[32])
b = HardSwish(a)
c = GlobalAveragePool(b)
d = Conv(c, $2[8, 32, 1, 1])
e = Relu(d)
f = Conv(e, $3[32, 8, 1, 1])
g = HardSigmoid(f)
h = Mul(g, b)
i = Conv<group = 32, ${PADS}>(h, $4[32, 1, 3, 3])
j = GlobalAveragePool(i)
k = Sigmoid(j)
l = Mul(i, k)
m = Add(l, b)
n = Relu(m)
y = Conv(n, $5[7, 32, 1, 1])`,
  'element-wise steps between halos of all widths': `a = Conv<${PADS}>(x, $0[13, 3, 3, 3])
b = Sigmoid(a)
c = Conv<dilations = [3, 2], pads = [3, 2, 3, 2]>(b, $1[13, 13, 3, 3])
d = Sub(b, c)
e = Mul(d, a)
f = PRelu(e, $2[13, 1, 1])
g = Conv<group = 13, pads = [2, 2, 2, 2]>(f, $3[13, 1, 5, 5])
h = BatchNormalization(f, $4[13], $5[13], $6[13], ones)
i = Max(h, g)
j = Clip(h, $low, $high)
k = Sub($7[1, 13, 1, 1], i)
l = Sum(k, j)
ones = Constant<value = float[13] {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1}>()
n = Conv<strides = [2, 2], ${PADS}>(l, $8[8, 13, 3, 3])
y = Tanh(n)`,
};

// Branches of several sizes that are brought to one, as detectors have them.
NETWORKS['a pyramid'] = `up: float[4] = {1, 1, 2, 2}
wide: float[4] = {1, 1, 1, 1.5}
a = Conv<strides = [2, 2], ${PADS}>(x, $0[13, 3, 3, 3], $1[13])
b = Conv<strides = [2, 2], ${PADS}>(a, $2[13, 13, 3, 3])
c = Conv<${PADS}>(b, $3[13, 13, 3, 3])
d = Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(c, "", up)
e = Conv<${PADS}>(d, $4[19, 13, 3, 3])
f = Resize<mode = "linear">(e, "", wide)
g = Conv<group = 19, ${PADS}>(f, $5[19, 1, 3, 3])
y = Conv(g, $6[5, 19, 1, 1])`;

/** The text with declared and seeded weights for its $ names. */
function withWeights(text: string, dims: readonly number[]): string {
  const random = new Random(5);
  const declared = new Map<string, string>();
  const body = text.replaceAll(/\$(\w+)(\[[\d, ]+\])?/g, (_, name: string, shape?: string) => {
    if (shape === undefined) {
      declared.set(name, `${name}: float[] = {${name === 'low' ? -0.5 : 0.75}}`);
      return name;
    }
    const sizes = shape.slice(1, -1).split(', ').map(Number);
    const scale = Math.sqrt(2 / Math.max(1, elementCount(sizes.slice(1))));
    const values = Array.from(random.normals(elementCount(sizes)), (value) => value * scale);
    declared.set(name, `w${name}: float${shape} = {${values.join(', ')}}`);
    return `w${name}`;
  });
  return `x: input float[${dims.join(', ')}]\n${[...declared.values()].join('\n')}\n${body}`;
}

/** Why a backend cannot multiply in bfloat16, which depends on the CPU. */
function bfloat16Refusal(backend: NativeBackend): string | undefined {
  const model = parseText('x: input float[1, 1, 2, 2]\nw: float[1, 1, 1, 1]\ny = Conv(x, w)');
  const x = { type: 'float32', data: new Float32Array(4), dims: [1, 1, 2, 2] } as const;
  try {
    Session.create(model, { backend, precision: 'bfloat16' }).runSync({ x });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const multiplying = natives.filter((backend) => bfloat16Refusal(backend) === undefined);
if (multiplying.length === 0) console.log('no bfloat16 on this CPU: sessions in it are not tested');

test('bfloat16 is refused by the name of an instruction set that lacks it', (t) => {
  for (const backend of natives) {
    if (multiplying.includes(backend)) t.is(backend.isa, 'avx512');
    else t.regex(bfloat16Refusal(backend)!, new RegExp(`bfloat16.*${backend.isa}`));
  }
});

/** Relative L2 distances of these networks from double. */
const BOUNDS = { strict: 2e-6, default: 2e-6, fast: 1e-5, bfloat16: 1e-2 } as const;

for (const [name, text] of Object.entries(NETWORKS)) {
  test(`${name}: in blocks as the oracle says, the same for any number of threads`, (t) => {
    for (const dims of [
      [1, 3, 33, 29],
      [2, 3, 32, 56],
    ]) {
      const model = parseText(withWeights(text, dims));
      const data = new Random(3).normals(elementCount(dims));
      const feeds = { x: { type: 'float32', data, dims } } as const;
      const oracle = Session.create(model, {
        backend: new ReferenceBackend('test'),
        arithmetic: 'float64',
      }).runSync(feeds)['y']!;
      for (const precision of ['strict', 'default', 'fast', 'bfloat16'] as const) {
        const first = new Map<string, Float32Array>();
        for (const backend of precision === 'bfloat16' ? multiplying : natives) {
          const session = Session.create(model, { backend, precision });
          const steps = session.plan(feeds).steps.filter(({ layouts }) => layouts[0] !== undefined);
          t.true(steps.length >= 3, `${backend.isa}: ${steps.length} values in blocks`);
          session.runSync(feeds);
          const warm = session.memory.free;
          // Twice: a halo that was written would spoil the second run.
          const y = session.runSync(feeds)['y']!;
          t.is(session.memory.free, warm, 'a warm run finds its memory');
          t.deepEqual(y.dims, oracle.dims);
          const data = y.data as Float32Array;
          const error = relativeL2(data, oracle.data as Float32Array);
          t.true(error < BOUNDS[precision], `${backend.isa} ${precision}: relative L2 ${error}`);
          const bits = first.get(backend.isa);
          if (bits === undefined) first.set(backend.isa, data);
          else t.deepEqual(data, bits, `${backend.isa}: other bits with more threads`);
          session.dispose();
        }
      }
    }
  });
}

test('random networks of such steps are as the oracle says', (t) => {
  let blocked = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { text, dims } = randomChain(seed);
    const model = parseText(text);
    const x = new Random(seed).normals(elementCount(dims));
    const feeds = { x: { type: 'float32', data: x, dims } } as const;
    const oracle = Session.create(model, {
      backend: new ReferenceBackend('test'),
      arithmetic: 'float64',
    }).runSync(feeds)['y']!;
    for (const backend of natives) {
      const session = Session.create(model, { backend, precision: 'default' });
      blocked += session.plan(feeds).steps.filter(({ layouts }) => layouts[0] !== undefined).length;
      // Again: halos that were written would spoil it, and steps are repeated.
      for (let run = 0; run < 3; run++) {
        const { data } = session.runSync(feeds)['y']!;
        const error = relativeL2(data as Float32Array, oracle.data as Float32Array);
        t.true(
          error < 1e-5,
          `seed ${seed}, ${backend.isa}, run ${run}: relative L2 ${error}\n${text}`,
        );
      }
      session.dispose();
    }
  }
  t.true(blocked > 40 * natives.length * 5, `${blocked} values in blocks`);
});

test('weights that are not finite, where padding has to be skipped', (t) => {
  const text = `x: input float[1, 2, 5, 5]
w: float[8, 2, 3, 3]
v: float[8, 8, 1, 1]
a = Conv<${PADS}>(x, w)
y = Conv(a, v)`;
  const model = parseText(text);
  const weight = model.graph.values.get('w')!.initializer!.read().data as Float32Array;
  weight.fill(1);
  weight[4] = Infinity;
  const data = new Float32Array(50).fill(1);
  const feeds = { x: { type: 'float32', data, dims: [1, 2, 5, 5] } } as const;
  const run = (backend: NativeBackend | ReferenceBackend): unknown =>
    Session.create(model, { backend }).runSync(feeds)['y']!.data;
  const expected = run(new ReferenceBackend('test'));
  for (const backend of natives) t.deepEqual(run(backend), expected, backend.isa);
});
