// A step that was done once is done again without asking its operator: with the same results, only
// where everything else is as before, and with the same care when it fails.

import test from 'ava';

import type { BoundLayer, ConvKernel, ConvSpec } from '#convfuse/backend/backend.js';
import { loadAddon } from '#convfuse/backend/native/binding.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { ConvfuseError } from '#convfuse/errors.js';
import { parseText } from '#convfuse/ir/text.js';
import { mayRepeat } from '#convfuse/runtime/repetition.js';
import { Session } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { tensorOf } from '../helpers/run-text.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
const { addon } = loaded;
const backends = [
  new ReferenceBackend('tests'),
  ...addon.info().isas.map((isa) => new NativeBackend(addon, isa, 2, 'test')),
];

function normals(dims: readonly number[], seed: number): Tensor {
  return { type: 'float32', dims, data: new Random(seed).normals(elementCount(dims)) };
}

const NETWORK = `
  x: input float[N, 3, 9, 9]
  s: input int64[2]
  w: float[16, 3, 3, 3]
  v: float[16, 16, 3, 3]
  d: float[16, 1, 3, 3]
  u: float[5, 16, 1, 1]
  m: float[16, 7]
  c: float[7]
  a = Conv<pads = [1, 1, 1, 1]>(x, w)
  r = Relu(a)
  b = Conv<pads = [1, 1, 1, 1], group = 16>(r, d)
  e = Conv<pads = [1, 1, 1, 1]>(b, v)
  f = Add(e, r)
  g = Clip(f, lo, hi)
  lo = Constant<value = float {0}>()
  hi = Constant<value = float {2}>()
  p = MaxPool<kernel_shape = [3, 3], strides = [2, 2]>(g)
  q = AveragePool<kernel_shape = [2, 2]>(g)
  h = GlobalAveragePool(p)
  k = Flatten(h)
  l = Gemm(k, m, c)
  y = Relu(l)
  j = Conv(q, u)
  z = Reshape(j, s)
  own = GlobalMaxPool(x)
  t = Conv(x, own_weights)
  own_weights: input float[2, 3, 1, 1]
`;

function feedsOf(batch: number, seed: number): Record<string, Tensor> {
  return {
    x: normals([batch, 3, 9, 9], seed),
    s: tensorOf([2], seed % 2 === 0 ? [batch, -1] : [-1, batch], 'int64'),
    own_weights: normals([2, 3, 1, 1], seed + 100),
  };
}

for (const backend of backends) {
  test(`what is repeated gives the same bits: ${backend.isa}`, async (t) => {
    const make = (): Session => Session.create(parseText(NETWORK), { backend });
    const session = make();
    for (const [seed, batch] of [1, 1, 1, 2, 1, 2].entries()) {
      const fresh = make();
      const wanted = fresh.runSync(feedsOf(batch, seed));
      t.deepEqual(session.runSync(feedsOf(batch, seed)), wanted);
      t.deepEqual(await session.run(feedsOf(batch, seed)), wanted);
      t.is(session.memory.lent, 0);
      fresh.dispose();
    }
  });
}

test('products of two computed tensors are repeated, with what they are given', (t) => {
  const text = `
    x: input float[N, 3, 4]
    v: input float[2, 4, 5]
    u: input float[4, 3]
    ends: int64[2] = {0, 2}
    middle: int64[1] = {1}
    s: int64[2] = {1, 3}
    p = MatMul(x, v)
    m = ReduceMean(p, middle)
    q = ReduceMax(p, ends)
    r = Reshape(q, s)
    g = Gemm<transB = 1>(u, r)
  `;
  for (const backend of backends) {
    const make = (): Session => Session.create(parseText(text), { backend });
    const session = make();
    const feeds = (batch: number, seed: number): Record<string, Tensor> => ({
      x: normals([batch, 3, 4], seed),
      v: normals([2, 4, 5], seed + 1),
      u: normals([4, 3], seed + 2),
    });
    for (const [seed, batch] of [2, 2, 1, 2, 1].entries()) {
      t.deepEqual(session.runSync(feeds(batch, seed)), make().runSync(feeds(batch, seed)));
    }
    t.true(session.plan(feeds(2, 1)).repetitions.every((known) => known !== undefined));
    t.is(session.memory.lent, 0);
  }
});

test('a view beside which a step gives something else', (t) => {
  const text = `
    x: input float[2, 3]
    d, mask = Dropout(x)
    y = Cast<to = 1>(mask)
    z = Neg(d)
  `;
  for (const backend of backends) {
    const session = Session.create(parseText(text, { opset: 13 }), { backend });
    for (const seed of [1, 2, 3]) {
      const x = normals([2, 3], seed);
      const { y, z } = session.runSync({ x });
      t.deepEqual(y, tensorOf([2, 3], [1, 1, 1, 1, 1, 1]));
      t.deepEqual(
        z!.data,
        (x.data as Float32Array).map((value) => -value),
      );
    }
  }
});

/** A backend that counts how its convolutions are called, and fails when it is told to. */
class Watched extends ReferenceBackend {
  readonly seen: string[] = [];
  failure: Error | undefined;

  override conv(spec: ConvSpec): ConvKernel {
    const kernel = super.conv(spec);
    const note = (what: string): void => void this.seen.push(what);
    return {
      outputDims: (dims) => kernel.outputDims(dims),
      algorithm: (dims) => kernel.algorithm(dims),
      run: (call, signal) => kernel.run(call, signal),
      runSync(call) {
        note('asked');
        kernel.runSync(call);
      },
      bind: (dims): BoundLayer => {
        return (x, residual, out) => {
          note('repeated');
          if (this.failure !== undefined) throw this.failure;
          kernel.runSync({ x, dims, out, residual });
        };
      },
      dispose: () => {
        note('disposed');
        kernel.dispose();
      },
    };
  }
}

const LAYER = `
  x: input float[N, 2, 40, 40]
  w: float[2, 2, 1, 1]
  a = Conv(x, w)
  [second] b = Conv(a, w)
  y = Neg(b)
`;

test('an operator is asked once for each shape', (t) => {
  const backend = new Watched('tests');
  const session = Session.create(parseText(LAYER), { backend });
  const run = (batch: number): string => {
    backend.seen.length = 0;
    session.runSync({ x: normals([batch, 2, 40, 40], 1) });
    return backend.seen.join(' ');
  };
  t.is(run(1), 'asked asked');
  t.is(run(1), 'repeated repeated');
  t.is(run(2), 'asked asked');
  t.is(run(1), 'repeated repeated');
  t.is(run(2), 'repeated repeated');
});

test('weights that a caller gives are never taken for constants', (t) => {
  const backend = new Watched('tests');
  const text = LAYER.replace('w: float', 'w: input float');
  const session = Session.create(parseText(text), { backend });
  const x = normals([1, 2, 40, 40], 1);
  const results = [1, 2].map((seed) => session.runSync({ x, w: normals([2, 2, 1, 1], seed) }));
  t.deepEqual(new Set(backend.seen), new Set(['asked', 'disposed']));
  t.notDeepEqual(results[0], results[1]);
});

test('a repetition that fails says where, gives its memory back, and the next one runs', (t) => {
  const backend = new Watched('tests');
  const session = Session.create(parseText(LAYER), { backend });
  const x = normals([1, 2, 40, 40], 1);
  const wanted = session.runSync({ x });
  backend.failure = new ConvfuseError('ERR_MEMORY', 'no scratch');
  for (let i = 0; i < 3; i++) {
    t.throws(() => session.runSync({ x }), { code: 'ERR_MEMORY', message: /^Conv a: no scratch$/ });
    t.is(session.memory.lent, 0);
  }
  backend.failure = undefined;
  t.deepEqual(session.runSync({ x }), wanted);
});

test('types, dimensions, layouts, the second tensor and what is kept must be as they were', (t) => {
  const data = new Float32Array(4);
  const layout = { lanes: 4, top: 0, left: 0, bottom: 0, right: 0 };
  const like = { type: 'float32', dims: [1, 4, 1, 1], layout } as const;
  const x = { ...like, data };
  const known = { how: like, input: like, second: undefined };
  t.true(mayRepeat(known, x, undefined));
  t.true(mayRepeat(known, { ...x, dims: [1, 4, 1, 1] }, undefined));
  t.false(mayRepeat(known, { ...x, dims: [1, 1, 4, 1] }, undefined));
  t.false(mayRepeat(known, { ...x, type: 'float16' }, undefined));
  t.false(mayRepeat(known, { ...x, layout: undefined }, undefined));
  t.false(mayRepeat(known, x, x));
  t.true(mayRepeat({ ...known, second: like }, x, x));
  t.false(mayRepeat({ ...known, second: like }, x, undefined));
  t.false(mayRepeat({ ...known, second: like }, x, { ...x, dims: [4] }));
  t.false(mayRepeat({ ...known, how: { ...like, holds: () => false } }, x, undefined));
});
