// Element-wise arithmetic of the backend against the operators' own loops, through a session, on every
// ISA: the same bits where a result is rounded once, few ulps from the double oracle elsewhere.

import test from 'ava';

import { loadAddon } from '#convfuse/backend/native/binding.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import type { Arithmetic } from '#convfuse/ops/operator.js';
import { Session } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { gammaOf } from '../../helpers/bounds.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
const { addon } = loaded;
const natives = addon
  .info()
  .isas.flatMap((isa) =>
    [1, 2, 3].map((threads) => new NativeBackend(addon, isa, threads, 'test')),
  );
const reference = new ReferenceBackend('test');

const SPECIAL = [0, -0, Infinity, -Infinity, NaN, 2 ** -149, -(2 ** -140), 2 ** 127, -(2 ** 127)];

/** Normal numbers, and one of the special ones here and there. */
function numbers(dims: readonly number[], seed: number, special = true): Tensor {
  const data = new Random(seed).normals(elementCount(dims));
  const random = new Random(seed + 1);
  for (let i = 0; special && i < data.length; i++) {
    if (random.integer(0, 9) === 0) data[i] = SPECIAL[random.integer(0, SPECIAL.length - 1)]!;
  }
  return { type: 'float32', dims, data };
}

type Feeds = Readonly<Record<string, Tensor>>;

/** The output of three runs, the later ones as the first one is repeated. */
function outputOf(
  text: string,
  backend: NativeBackend | ReferenceBackend,
  feeds: Feeds,
  arithmetic: Arithmetic = 'float32',
): Float32Array {
  const declared = Object.entries(feeds)
    .filter(([name]) => !new RegExp(`\\b${name}: `).test(text))
    .map(([name, { dims }]) => `${name}: input float[${dims.join(', ')}]\n`);
  const session = Session.create(parseText(declared.join('') + text, { opset: 20 }), {
    backend,
    arithmetic,
  });
  const given = Object.entries(feeds).map(([name, { data }]) => [
    name,
    (data as Float32Array).slice(),
  ]);
  const [first, ...later] = [1, 2, 3].map(() => session.runSync(feeds)['y']!.data as Float32Array);
  for (const other of later) same(other, first!);
  for (const [name, data] of given)
    same(feeds[name as string]!.data as Float32Array, data as Float32Array);
  session.dispose();
  return first!;
}

function same(actual: Float32Array, expected: Float32Array, what = ''): void {
  const wrong = actual.findIndex((value, i) => !Object.is(value, expected[i]));
  if (wrong >= 0 || actual.length !== expected.length) {
    throw new Error(`${what}: element ${wrong} is ${actual[wrong]}, not ${expected[wrong]}`);
  }
}

const PAIRS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 5, 9, 11],
    [2, 5, 9, 11],
  ],
  [
    [2, 5, 9, 11],
    [5, 1, 1],
  ],
  [
    [2, 5, 9, 11],
    [2, 5, 1, 1],
  ],
  [
    [2, 5, 9, 11],
    [1, 1, 9, 11],
  ],
  [
    [2, 5, 9, 11],
    [2, 1, 9, 1],
  ],
  [[2, 5, 9, 11], []],
  [[1], [3, 70]],
  [
    [7, 1],
    [1, 40],
  ],
  [
    [2, 1, 3, 1, 5, 1, 3],
    [1, 3, 1, 4, 1, 5, 1],
  ],
  [
    [2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
    [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1],
  ],
  [[3, 200, 300], [300]],
  [
    [3, 200, 300],
    [200, 300],
  ],
  [
    [3, 200, 300],
    [3, 200, 1],
  ],
  [
    [4, 3],
    [4, 3],
  ],
  [[0, 70], [70]],
];

for (const operator of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'PRelu', 'Sum']) {
  test(`${operator} has the bits of the loop, broadcast in every way`, (t) => {
    for (const [a, b] of PAIRS) {
      for (const [left, right] of [
        [a, b],
        [b, a],
      ] as const) {
        if (operator === 'PRelu' && elementCount(left) < elementCount(right)) continue;
        const feeds = { a: numbers(left, 3), b: numbers(right, 5) };
        const text = `y = ${operator}(a, b)`;
        const expected = outputOf(text, reference, feeds);
        for (const backend of natives) {
          const what = `${backend.isa} ${left.join('x')} and ${right.join('x')}`;
          same(outputOf(text, backend, feeds), expected, what);
        }
      }
    }
    t.pass();
  });
}

test('constants on either side, one operand twice, operands that nobody reads afterwards', (t) => {
  const c = `c: float[6, 1, 1] = {1, -2, 0.5, 4, 0, -0.25}\n`;
  const feeds = { a: numbers([2, 6, 8, 9], 3), b: numbers([2, 6, 8, 9], 4) };
  for (const text of [
    `${c}y = Sub(c, a)`,
    `${c}y = Div(a, c)`,
    'y = Mul(a, a)',
    `${c}p = Mul(a, c)\nq = Sub(p, b)\nr = Add(q, p)\ns = Sub(c, r)\ny = Max(s, q)`,
    `${c}p = Mul(a, c)\nq = Add(b, p)\nr = Relu(q)\ny = Mul(r, b)`,
    'p = Add(a, b)\nq = Relu(p)\nr = Sub(q, a)\ny = Min(r, p)',
    'y = Max(a, b, a)',
    'y = Sum(a, b, b)',
    'p = Mean(a, b)\nq = Sum(p)\ny = Relu(q)',
    'p = Sum(a)\nq = Relu(p)\ny = Sub(q, a)',
  ]) {
    const expected = outputOf(text, reference, feeds);
    for (const backend of natives)
      same(outputOf(text, backend, feeds), expected, `${text} ${backend.isa}`);
  }
  t.pass();
});

test('opsets below 7 align the second operand at an axis', (t) => {
  const model = parseText(
    'a: input float[2, 5, 9, 11]\nb: input float[5]\ny = Mul<broadcast = 1, axis = 1>(a, b)',
    { opset: 6 },
  );
  const feeds = { a: numbers([2, 5, 9, 11], 3), b: numbers([5], 5) };
  const run = (backend: NativeBackend | ReferenceBackend): Float32Array =>
    Session.create(model, { backend }).runSync(feeds)['y']!.data as Float32Array;
  for (const backend of natives) same(run(backend), run(reference), backend.isa);
  t.pass();
});

test('a square is a product', (t) => {
  const a = numbers([3, 50, 7], 3);
  const data = a.data as Float32Array;
  for (const text of ['e: float = {2}\ny = Pow(a, e)', 'e: int64[1] = {2}\ny = Pow(a, e)']) {
    for (const backend of [reference, ...natives]) {
      same(
        outputOf(text, backend, { a }),
        data.map((value) => value * value),
        backend.isa,
      );
    }
  }
  t.pass();
});

test('small tensors and lone loops are repeated too', (t) => {
  const text = 'k: float = {3}\np = Add(a, k)\nq = Sqrt(p)\nr = Exp(q)\ny = Sub(k, r)';
  for (const dims of [[1], [7], [0], [3, 2]]) {
    const a = numbers(dims, 3);
    const expected = outputOf(text, reference, { a });
    for (const backend of natives) same(outputOf(text, backend, { a }), expected, backend.isa);
  }
  t.pass();
});

/** With clamps, which both compute alike. */
test('what follows the arithmetic is done with it', (t) => {
  const bounds = 'low: float = {-0.25}\nhigh: float = {0.75}\n';
  const feeds = { a: numbers([2, 6, 8, 9], 3), b: numbers([2, 6, 1, 1], 4) };
  for (const operator of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum']) {
    for (const after of ['Relu(p)', 'Clip(p, low, high)', 'LeakyRelu<alpha = 0.25>(p)']) {
      const text = `${bounds}p = ${operator}(a, b)\ny = ${after}`;
      const expected = outputOf(text, reference, feeds);
      for (const backend of natives) {
        same(outputOf(text, backend, feeds), expected, `${text} ${backend.isa}`);
        const declared = `a: input float[2, 6, 8, 9]\nb: input float[2, 6, 1, 1]\n${text}`;
        const session = Session.create(parseText(declared), { backend });
        t.is(session.plan(feeds).steps.length, 1, text);
      }
    }
  }
});

test('whole numbers keep their operators apart', (t) => {
  const text = 'a: input int32[70]\np = Add(a, a)\ny = Relu(p)';
  const data = Int32Array.from({ length: 70 }, (_, i) => i - 35);
  const feeds = { a: { type: 'int32', dims: [70], data } } as const;
  for (const backend of natives) {
    const session = Session.create(parseText(text), { backend });
    t.is(session.plan(feeds).steps.length, 2);
    const expected = data.map((value) => Math.max(0, 2 * value));
    t.deepEqual(session.runSync(feeds)['y']!.data, expected);
  }
});

/** Bounds of docs/numerics.md, and half an ulp by which the oracle's outputs are rounded. */
const UNARY: Readonly<Record<string, number>> = {
  'Relu(x)': 0,
  'LeakyRelu<alpha = 0.25>(x)': 0,
  'Clip(x, low, high)': 0,
  'Clip(x, zero, six)': 0,
  'Sigmoid(x)': 3,
  'Tanh(x)': 3.5,
  'HardSwish(x)': 3,
  'Elu<alpha = 1.0>(x)': 1.5,
  'Softplus(x)': 3.5,
  'Mish(x)': 5.5,
  'Gelu(x)': 7,
  'Gelu<approximate = "tanh">(x)': 4.5,
};

for (const [call, ulps] of Object.entries(UNARY)) {
  test(`${call} is ${ulps} ulps from the oracle at most`, (t) => {
    const text = `low: float = {-0.25}\nhigh: float = {0.75}\nzero: float = {0}\nsix: float = {6}\ny = ${call}`;
    const dims = [3, 50, 77];
    const feeds = { x: numbers(dims, 7, false) };
    (feeds.x.data as Float32Array).forEach((value, i, all) => (all[i] = 3 * value));
    const oracle = outputOf(text, reference, feeds, 'float64');
    const first = new Map<string, Float32Array>();
    for (const backend of natives) {
      const y = outputOf(text, backend, feeds);
      const wrong = y.findIndex((value, i) => {
        const exact = oracle[i]!;
        const ulp = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(exact), 2 ** -126))) - 23);
        return !(Math.abs(value - exact) <= ulps * ulp);
      });
      t.is(wrong, -1, `${backend.isa}: ${y[wrong]} for ${oracle[wrong]}`);
      const bits = first.get(backend.isa);
      if (bits === undefined) first.set(backend.isa, y);
      else same(y, bits, `${backend.isa}: other bits with more threads`);
    }
  });
}

test('bounds of a Clip that are inputs may differ from run to run', (t) => {
  const text = 'x: input float[100]\nl: input float\nh: input float\ny = Clip(x, l, h)';
  const scalar = (value: number): Tensor => ({
    type: 'float32',
    dims: [],
    data: Float32Array.of(value),
  });
  for (const backend of natives) {
    const session = Session.create(parseText(text), { backend });
    for (const [low, high] of [
      [-1, 1],
      [0, 6],
      [0, Infinity],
      [0.5, 0.25],
    ] as const) {
      const x = numbers([100], 9);
      const y = session.runSync({ x, l: scalar(low), h: scalar(high) })['y']!.data;
      const expected = (x.data as Float32Array).map((value) => {
        const raised = value < low ? low : value;
        return raised > high ? high : raised;
      });
      same(y as Float32Array, expected, `${low} to ${high}`);
    }
  }
  t.pass();
});

const NORMS: readonly (readonly number[])[] = [
  [2, 5, 9, 11],
  [70, 5],
  [3, 5, 40],
  [1, 5, 3, 4, 5],
];

for (const dims of NORMS) {
  test(`BatchNormalization of ${dims.join('x')}, alone and with what follows it`, (t) => {
    const parameters = `g: float[5] = {1, -2, 0.5, 3, 0}
b: float[5] = {0.5, -0.25, 1, 0, 2}
m: float[5] = {100, -0.5, 0.125, 2, 1}
v: float[5] = {4, 0.25, 1, 0.01, 9}
`;
    const x = numbers(dims, 13, false);
    const inner = elementCount(dims.slice(2));
    const mean = [100, -0.5, 0.125, 2, 1];
    (x.data as Float32Array).forEach((value, i, all) => {
      all[i] = value + mean[Math.floor(i / inner) % 5]!;
    });
    for (const tail of ['', '\ny = Relu(n)']) {
      const text = `${parameters}${tail === '' ? 'y' : 'n'} = BatchNormalization(x, g, b, m, v)${tail}`;
      const oracle = outputOf(text, reference, { x }, 'float64');
      for (const backend of natives) {
        const y = outputOf(text, backend, { x });
        const wrong = y.findIndex((value, i) => {
          // Beside the mean the difference is exact: what is left are the scale, two roundings and beta.
          const mass = Math.abs(oracle[i]!) + 4;
          return !(Math.abs(value - oracle[i]!) <= gammaOf(4) * mass);
        });
        t.is(wrong, -1, `${backend.isa}: ${y[wrong]} for ${oracle[wrong]}`);
      }
    }
  });
}

test('a norm whose scale no float32 holds is left to the loop', (t) => {
  const text = `x: input float[1, 1, 8, 9]
g: float[1] = {1e-38}
b: float[1] = {0}
m: float[1] = {0}
v: float[1] = {1e6}
y = BatchNormalization(x, g, b, m, v)`;
  const x = numbers([1, 1, 8, 9], 3, false);
  const expected = outputOf(text, reference, { x });
  for (const backend of natives) same(outputOf(text, backend, { x }), expected, backend.isa);
  t.pass();
});
