// Gemm and MatMul by constant matrices, which backends may pack once, through sessions.

import test from 'ava';

import type { GemmCall } from '#convfuse/backend/backend.js';
import type { LinearLayer, LinearSpec } from '#convfuse/backend/linear.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { U } from '../helpers/bounds.js';
import { addon, firstWrong, nativeBackends, runEverywhere } from '../helpers/native-backends.js';
import { tensorOf } from '../helpers/run-text.js';
import { constant, integers } from '../helpers/whole-numbers.js';

function wrong(text: string, dims: readonly number[], bound = 0): string | undefined {
  const declared = `x: input float[${dims.join(', ')}]\n${text}`;
  const feeds = { x: tensorOf(dims, integers(dims, 9)) };
  return firstWrong(runEverywhere(declared, feeds, { opset: 20 }), (v) => bound * Math.abs(v));
}

const SIZES = [
  [1, 1, 1],
  [1, 10, 50],
  [2, 33, 7],
  [7, 32, 64],
  [15, 47, 257],
  [40, 65, 600],
  [131, 16, 3],
];

test('Gemm: sizes, orientations, and each C', (t) => {
  for (const [m, n, k] of SIZES as [number, number, number][]) {
    for (const transB of [0, 1]) {
      const w = constant('w', transB ? [n, k] : [k, n], 1);
      const node = `Gemm<transB = ${transB}>`;
      t.is(wrong(`${w}y = ${node}(x, w)`, [m, k]), undefined, `${m} ${n} ${k}`);
      for (const c of [[n], [1, n], [], [1], [m, 1], [m, n]]) {
        const text = `${w}${constant('c', c, 2)}y = ${node}(x, w, c)`;
        t.is(wrong(text, [m, k]), undefined, `${m} ${n} ${k} ${c.join('x')}`);
      }
    }
  }
});

test('Gemm: scales and a transposed A', (t) => {
  const constants = constant('w', [5, 9], 1) + constant('c', [9], 2);
  for (const scales of ['alpha = 2.0', 'beta = 0.5', 'alpha = -1.0, beta = 0.0']) {
    t.is(wrong(`${constants}y = Gemm<${scales}>(x, w, c)`, [3, 5]), undefined, scales);
  }
  t.is(wrong(`${constants}y = Gemm<beta = 3.0>(x, w)`, [3, 5]), undefined);
  for (const m of [1, 3]) {
    t.is(wrong(`${constants}y = Gemm<transA = 1>(x, w, c)`, [5, m]), undefined, `${m}`);
  }
});

test('MatMul: vectors, matrices and stacks', (t) => {
  for (const [a, b] of [
    [[7], [7]],
    [[7], [7, 33]],
    [[4, 7], [7]],
    [
      [4, 7],
      [7, 33],
    ],
    [
      [2, 3, 7],
      [7, 33],
    ],
    [[2, 3, 7], [7]],
    [
      [2, 3, 7],
      [1, 7, 33],
    ],
    [
      [3, 7],
      [1, 1, 7, 33],
    ],
    [
      [2, 3, 7],
      [2, 7, 33],
    ],
    [
      [0, 7],
      [7, 33],
    ],
    [
      [4, 0],
      [0, 33],
    ],
    [
      [4, 7],
      [7, 0],
    ],
  ] as const) {
    t.is(wrong(`${constant('w', b, 1)}y = MatMul(x, w)`, a), undefined, `${a.join()} ${b.join()}`);
  }
});

test('activations behind a product', (t) => {
  const constants = constant('w', [5, 37], 1) + constant('c', [37], 2);
  for (const product of ['Gemm(x, w, c)', 'MatMul(x, w)']) {
    for (const [activation, bound] of [
      ['Relu(p)', 0],
      ['Clip(p, lo, hi)', 0],
      ['Sigmoid(p)', 5 * U],
      ['HardSwish(p)', 5 * U],
      ['LeakyRelu<alpha = 0.25>(p)', 0],
      ['Tanh(p)', 6 * U],
      ['Gelu(p)', 14 * U],
      ['Elu(p)', 4 * U],
    ] as const) {
      const limits = 'lo: float[] = {0}\nhi: float[] = {6}\n';
      const text = `${constants}${limits}p = ${product}\ny = ${activation}`;
      t.is(wrong(text, [7, 5], bound), undefined, `${product} ${activation}`);
    }
  }
});

/** A backend that notes what it is asked. */
class Watched extends NativeBackend {
  readonly seen: string[] = [];

  override linear(spec: LinearSpec): LinearLayer | undefined {
    const layer = super.linear(spec);
    this.seen.push(layer ? 'made' : 'declined');
    return (
      layer && {
        run: (...arrays) => {
          this.seen.push('run');
          layer.run(...arrays);
        },
        dispose: () => {
          this.seen.push('disposed');
          layer.dispose();
        },
      }
    );
  }

  override gemm(call: GemmCall): void {
    this.seen.push('gemm');
    super.gemm(call);
  }
}

const watched = (): Watched => new Watched(addon, nativeBackends[0]!.isa, 1, 'test');

test('a matrix is packed once, and disposed of with the session', (t) => {
  for (const product of ['Gemm(x, w, c)', 'Gemm(x, w)', 'MatMul(x, w)', 'MatMul(x, s)']) {
    const backend = watched();
    const text = `x: input float[N, 3]\nw: float[3, 5]\nc: float[5]\ns: float[1, 3, 5]
      p = ${product}\ny = Relu(p)`;
    const session = Session.create(parseText(text), { backend });
    for (const m of [2, 2, 4, 2]) session.runSync({ x: tensorOf([m, 3]) });
    t.is(backend.seen.join(' '), 'made run run run run', product);
    session.dispose();
    t.is(backend.seen.at(-1), 'disposed');
  }
});

test('what cannot be packed is multiplied as it was', (t) => {
  const declared = `x: input float[2, 3]\nv: input float[3, 5]\nw: float[3, 5]\nc: float[5]
    d: input float[5]\ne: float[2, 5]\ns: float[4, 3, 5]\n`;
  const x = tensorOf([2, 3]);
  const [v, d] = [tensorOf([3, 5]), tensorOf([5])];
  for (const [product, calls] of [
    ['Gemm(x, v, c)', 1],
    ['Gemm(x, w, d)', 1],
    ['Gemm(x, w, e)', 1],
    ['Gemm<alpha = 2.0>(x, w)', 1],
    ['Gemm<beta = 2.0>(x, w, c)', 1],
    ['Gemm<transA = 1>(v, w)', 1],
    ['MatMul(x, v)', 1],
    ['MatMul(x, s)', 4],
  ] as const) {
    const backend = watched();
    const session = Session.create(parseText(`${declared}y = ${product}`), { backend });
    for (let run = 0; run < 3; run++) session.runSync({ x, v, d });
    const gemms = Array<string>(3 * calls).fill('gemm');
    t.deepEqual(backend.seen, gemms, product);
    session.dispose();
  }
});

test('double arithmetic is the reference implementation', (t) => {
  const backend = watched();
  const model = parseText('x: input float[2, 3]\nw: float[3, 5]\ny = MatMul(x, w)');
  const options = { arithmetic: 'float64' } as const;
  const session = Session.create(model, { backend, ...options });
  const expected = Session.create(model, { backend: new ReferenceBackend('tests'), ...options });
  const x = tensorOf([2, 3]);
  t.deepEqual(session.runSync({ x }), expected.runSync({ x }));
  t.deepEqual(backend.seen, ['gemm']);
});

test('overridden matrices and rows are used, then the own ones again', (t) => {
  const text = 'x: input float[1, 1]\nw: input float[1, 1] = {2}\nc: input float[1] = {1}\n';
  for (const backend of nativeBackends) {
    for (const [product, row] of [
      ['Gemm(x, w, c)', 1],
      ['MatMul(x, w)', 0],
    ] as const) {
      const session = Session.create(parseText(`${text}y = ${product}`), { backend });
      const x = tensorOf([1, 1], [3]);
      const y = (feeds: Record<string, Tensor>): number =>
        (session.runSync({ x, ...feeds })['y']!.data as Float32Array)[0]!;
      for (let round = 0; round < 2; round++) {
        t.is(y({}), 6 + row);
        t.is(y({}), 6 + row);
        t.is(y({ w: tensorOf([1, 1], [7]) }), 21 + row);
        t.is(y({ c: tensorOf([1], [5]) }), 6 + 5 * row);
      }
      session.dispose();
    }
  }
});
