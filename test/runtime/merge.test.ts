// What goes into the step of a product with a constant matrix, and what does not: the bias, a residual,
// the activation. Merged or not, the results are the same.

import test from 'ava';

import { NativeBackend } from '#convfuse/backend/native/index.js';
import type { LinearLayer, LinearSpec } from '#convfuse/backend/linear.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import { addon, firstWrong, nativeBackends, runEverywhere } from '../helpers/native-backends.js';
import { planSteps as steps } from '../helpers/plan-steps.js';
import { tensorOf } from '../helpers/run-text.js';
import { constant, integers } from '../helpers/whole-numbers.js';

// x is 1x2x4x4.
const M = 'm: float[4, 3]\n';
const SQUARE = 'm: float[4, 4]\n';

test('a bias for each column, a residual and an activation go into a product', (t) => {
  for (const dims of ['3', '1, 3', '1, 1, 3', '1, 1, 1, 3', '', '1', '1, 1']) {
    for (const operator of ['Add(a, b)', 'Add(b, a)', 'Sum(b, a)']) {
      const name = operator.slice(0, 3);
      t.deepEqual(
        steps(`${M}b: float[${dims}]\na = MatMul(x, m)\ny = ${operator}`),
        [`MatMul + ${name} = identity`],
        `${operator} ${dims}`,
      );
    }
  }
  const all = 'b: float[4]\na = MatMul(x, m)\nc = Add(b, a)\nd = Add(x, c)\ny = Relu(d)';
  t.deepEqual(steps(SQUARE + all), ['MatMul + Add + Add + Relu = relu']);
  t.deepEqual(steps(`${SQUARE}a = MatMul(x, m)\ny = Add(a, x)`), ['MatMul + Add = identity']);
  const gelu = `${M}b: float[3]\ns: float[] = {1.4142135}\none: float[] = {1}\nhalf: float[] = {0.5}
    a = MatMul(x, m)\nc = Add(a, b)\nd = Div(c, s)\ne = Erf(d)\nf = Add(e, one)\ng = Mul(c, f)
    y = Mul(g, half)`;
  t.deepEqual(steps(gelu), ['MatMul + Add + Div + Erf + Add + Mul + Mul = gelu']);
});

test('the matrix, or the bias, may be computed from constants, wherever they stand', (t) => {
  const text = `s: float[3, 4]\nv: float[3]\na = MatMul(x, m)\nm = Transpose(s)\ny = Add(a, b)
    b = Neg(v)`;
  t.deepEqual(steps(text), ['MatMul + Add = identity']);
});

test('a Gemm takes a bias where it has none, and a residual', (t) => {
  const head = 'f = Flatten(x)\nm: float[32, 32]\nb: float[32]\nc: float[32]\n';
  t.deepEqual(steps(`${head}a = Gemm(f, m)\nd = Add(a, b)\ne = Add(d, f)\ny = Relu(e)`), [
    'Flatten',
    'Gemm + Add + Add + Relu = relu',
  ]);
  t.deepEqual(steps(`${head}a = Gemm(f, m, b)\ny = Add(a, f)`), [
    'Flatten',
    'Gemm + Add = identity',
  ]);
  t.deepEqual(steps(`${head}a = Gemm(f, m, b)\ny = Add(a, c)`), ['Flatten', 'Gemm', 'Add']);
});

test('sums that are no bias stay', (t) => {
  const product = `${M}a = MatMul(x, m)\n`;
  const apart = ['MatMul', 'Add'];
  // Along the rows, of some images, for more columns or axes, and nowhere constant.
  for (const dims of [
    '4, 1',
    '4, 3',
    '2, 1, 1',
    '2, 1, 3',
    '2, 4, 1',
    '1, 1, 1, 1, 3',
    '2, 1, 1, 3',
  ]) {
    t.deepEqual(steps(`${product}b: float[${dims}]\ny = Add(a, b)`), apart, dims);
  }
  t.deepEqual(
    steps(`column: float[4, 1]\na = MatMul(x, column)\nb: float[3]\ny = Add(a, b)`),
    apart,
  );
  t.deepEqual(steps(`vector: float[4]\na = MatMul(x, vector)\nb: float[4]\ny = Add(a, b)`), apart);
  t.deepEqual(steps(`b = ReduceSum(x)\n${product}y = Add(a, b)`), ['ReduceSum', ...apart]);
  t.deepEqual(steps(`${product}b: float[3]\ny = Sub(a, b)`), ['MatMul', 'Sub']);
  t.deepEqual(steps(`${product}b: float[3]\ny = Mul(a, b)`), ['MatMul', 'Mul']);
  const legacy = `${product}b: float[4]\ny = Add<axis = 2, broadcast = 1>(a, b)`;
  t.deepEqual(steps(legacy, { opset: 6 }), apart);
});

test('values that others need stay', (t) => {
  const product = `${M}b: float[3]\na = MatMul(x, m)\nc = Add(a, b)\n`;
  t.deepEqual(steps(`${product}y = Neg(a)\nz = Abs(c)`), ['MatMul', 'Add', 'Neg', 'Abs']);
  t.deepEqual(steps(`${product}y = Relu(c)\na: output\ny: output`), [
    'MatMul',
    'Add + Relu = relu',
  ]);
  t.deepEqual(steps(`${product}y = Relu(c)\nc: output\ny: output`), [
    'MatMul + Add = identity',
    'Relu',
  ]);
  t.deepEqual(steps(`${product}y = Relu(c)\nz = Neg(c)`), [
    'MatMul + Add = identity',
    'Relu',
    'Neg',
  ]);
  t.deepEqual(steps(`${M}a = MatMul(x, m)\ny = Add(a, a)`), ['MatMul', 'Add']);
});

test('products that are not packed take nothing', (t) => {
  const behind = 'b: float[4]\nc = Add(a, b)\ny = Relu(c)';
  const apart = ['Add + Relu = relu'];
  t.deepEqual(steps(`a = MatMul(x, x)\n${behind}`), ['MatMul', ...apart]);
  t.deepEqual(steps(`s: float[2, 4, 4]\na = MatMul(x, s)\n${behind}`), ['MatMul', ...apart]);
  t.deepEqual(steps('a = MatMul(x, x)\ny = Relu(a)'), ['MatMul', 'Relu']);
  const head = 'f = Flatten(x)\nm: float[32, 4]\nu: float[1, 4]\n';
  for (const gemm of ['Gemm<alpha = 2.0>(f, m)', 'Gemm<beta = 2.0>(f, m, u)']) {
    t.deepEqual(steps(`${head}a = ${gemm}\n${behind}`), ['Flatten', 'Gemm', ...apart], gemm);
  }
  t.deepEqual(steps(`${head}v = ReduceSum(f)\na = Gemm(f, m, v)\n${behind}`), [
    'Flatten',
    'ReduceSum',
    'Gemm',
    ...apart,
  ]);
  const turned = 'r = Reshape(x, s)\ns: int64[2] = {4, 8}\nm: float[4, 4]\n';
  t.deepEqual(steps(`${turned}a = Gemm<transA = 1>(r, m)\n${behind}`), [
    'Reshape',
    'Gemm',
    ...apart,
  ]);
});

test('results are those of the reference, of every column and after every activation', (t) => {
  for (const [m, n, k] of [
    [1, 1, 3],
    [1, 33, 8],
    [5, 16, 7],
    [5, 32, 300],
    [9, 37, 4],
    [130, 70, 9],
  ] as const) {
    const head = `x: input float[${m}, ${k}]\nr: input float[${m}, ${n}]\n${constant('w', [k, n], 1)}`;
    const feeds = {
      x: tensorOf([m, k], integers([m, k], 9)),
      r: tensorOf([m, n], integers([m, n], 8)),
    };
    for (const bias of [[n], [1, n], [], [1]]) {
      for (const product of ['MatMul(x, w)', 'Gemm(x, w)']) {
        for (const end of [
          'y = Add(q, r)',
          's = Add(r, q)\ny = Relu(s)',
          's = Add(q, r)\ny = HardSwish(s)',
        ]) {
          const text = `${head}${constant('b', bias, 2)}p = ${product}\nq = Add(b, p)\n${end}`;
          const bound = end.includes('HardSwish') ? 5 * 2 ** -24 : 0;
          const wrong = firstWrong(
            runEverywhere(text, feeds, { opset: 20 }),
            (v) => bound * Math.abs(v),
          );
          t.is(wrong, undefined, `${product} ${m} ${n} ${k} ${bias.join('x')} ${end}`);
        }
      }
    }
  }
});

test('stacks, vectors, tall constants and doubles', (t) => {
  const w = constant('w', [4, 5], 1) + constant('b', [5], 2);
  const run = (text: string, dims: readonly number[]): string | undefined => {
    const feeds = { x: tensorOf(dims, integers(dims, 9)) };
    return firstWrong(
      runEverywhere(`x: input float[${dims.join()}]\n${text}`, feeds, { opset: 20 }),
      () => 0,
    );
  };
  const sum = 'p = MatMul(x, w)\ny = Add(p, b)';
  for (const dims of [[4], [3, 4], [2, 3, 4], [0, 4], [2, 0, 4]]) {
    t.is(run(w + sum, dims), undefined, dims.join());
  }
  const deep = constant('w', [1, 1, 4, 5], 1) + constant('b', [1, 1, 1, 5], 2);
  t.is(run(deep + sum, [2, 4]), undefined);
  t.is(run(`${constant('w', [4, 1], 1)}${constant('b', [3], 2)}${sum}`, [3, 4]), undefined);
  t.is(run(`${constant('w', [4], 1)}${constant('b', [], 2)}${sum}`, [3, 4]), undefined);
  t.is(run(`${constant('w', [4], 1)}${constant('b', [1], 2)}${sum}`, [4]), undefined);
  const half = 'w: float16[2, 2] = {1, 2, 3, 4}\nb: float16[2] = {0.5, 1}\nc = Cast<to = 10>(x)\n';
  t.is(run(`${half}p = MatMul(c, w)\nq = Add(p, b)\ny = Cast<to = 1>(q)`, [3, 2]), undefined);
  const double = 'w: double[2, 2] = {1, 2, 3, 4}\nb: double[] = {0.1}\nc = Cast<to = 11>(x)\n';
  t.is(
    run(`${double}p = MatMul(c, w)\nq = Add(p, b)\nr = Relu(q)\ny = Cast<to = 1>(r)`, [3, 2]),
    undefined,
  );
});

/** Counts the layers that are made. */
class Watched extends NativeBackend {
  readonly biased: boolean[] = [];
  override linear(spec: LinearSpec): LinearLayer | undefined {
    this.biased.push(spec.bias !== undefined);
    return super.linear(spec);
  }
}

test('a bias that a caller gives is not that of the layer, and the other way round', (t) => {
  const text = `x: input float[2, 2]\nm: float[2, 2] = {1, 0, 0, 1}\nb: input float[2] = {10, 20}
    a = MatMul(x, m)\ny = Add(a, b)`;
  const backend = new Watched(addon, nativeBackends[0]!.isa, 1, 'test');
  const session = Session.create(parseText(text), { backend });
  const x = tensorOf([2, 2], [1, 2, 3, 4]);
  const values = (feeds: object): number[] => [
    ...(session.runSync({ x, ...feeds })['y']!.data as Float32Array),
  ];
  for (let round = 0; round < 2; round++) {
    t.deepEqual(values({}), [11, 22, 13, 24]);
    t.deepEqual(values({}), [11, 22, 13, 24]);
    t.deepEqual(values({ b: tensorOf([2], [1, 1]) }), [2, 3, 4, 5]);
    t.deepEqual(values({ b: tensorOf([2], [5, 7]) }), [6, 9, 8, 11]);
  }
  t.deepEqual(backend.biased, [true, false]);
  session.dispose();
});
