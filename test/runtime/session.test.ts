import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText, type TextOptions } from '#convfuse/ir/text.js';
import { Session, type SessionOptions } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { relativeL2 } from '../helpers/bounds.js';
import { runAll, tensorOf } from '../helpers/run-text.js';

const backend = new ReferenceBackend('tests');

function session(
  text: string,
  options: Partial<SessionOptions> = {},
  textOptions: TextOptions = {},
): Session {
  return Session.create(parseText(text, textOptions), { backend, ...options });
}

const chain = `
  x: input float[N, 3, 8, 8]
  w: float[4, 3, 3, 3]
  a = Conv<pads = [1, 1, 1, 1]>(x, w)
  b = Relu(a)
  v: float[4, 4, 3, 3]
  c = Conv<pads = [1, 1, 1, 1]>(b, v)
  d = Add(c, b)
  y = Sigmoid(d)
`;

function image(batch: number, seed = 1): Tensor {
  return { type: 'float32', dims: [batch, 3, 8, 8], data: new Random(seed).normals(batch * 192) };
}

test('names and metadata are those of the file', (t) => {
  const s = session(chain);
  t.deepEqual(s.inputNames, ['x']);
  t.deepEqual(s.outputNames, ['y']);
  t.deepEqual(s.inputMetadata, [{ name: 'x', type: 'float32', shape: ['N', 3, 8, 8] }]);
});

test('every byte of a bool tensor but 0 is true', (t) => {
  const mask = tensorOf([4], [0, 255, 1, 2], 'bool');
  const s = session(
    'm: input bool[4]\nx: input float[4]\ny = Where(m, x, z)\nz = Neg(x)\nn = Not(m)',
  );
  const { y, n } = s.runSync({ m: mask, x: tensorOf([4], [1, 2, 3, 4]) });
  t.deepEqual(y!.data, Float32Array.of(-1, 2, 3, 4));
  t.deepEqual(n!.data, Uint8Array.of(1, 0, 0, 0));
  t.deepEqual(mask.data, Uint8Array.of(0, 255, 1, 2));
});

test('run and runSync agree, and each result has memory of its own', async (t) => {
  const s = session(chain);
  const { y: first } = await s.run({ x: image(1) });
  const kept = Float32Array.from(first!.data as Float32Array);
  const { y: second } = s.runSync({ x: image(1) });
  t.deepEqual(second, first);
  await s.run({ x: image(1, 2) });
  t.deepEqual(first!.data, kept);
});

test('runs of several shapes may be under way together, and feeds may change meanwhile', async (t) => {
  const s = session(chain);
  const wanted = [1, 3, 2].map((batch) => s.runSync({ x: image(batch) }));
  const feeds = [1, 3, 2].map((batch) => image(batch));
  const running = feeds.map((x) => s.run({ x }));
  for (const { data } of feeds) (data as Float32Array).fill(NaN);
  t.deepEqual(await Promise.all(running), wanted);
});

test.serial('feeds that are read after others got a turn are as they were', async (t) => {
  const s = session(`
    x: input float[N, 2, 3]
    view = Flatten(x)
    a = Relu(x)
    b = Neg(a)
    c = Flatten(b)
    y = Add(c, view)
    z = Identity(x)
  `);
  const feed = (): Tensor => tensorOf([2, 2, 3], [1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12]);
  const wanted = s.runSync({ x: feed() });
  const { now } = performance;
  let milliseconds = 0;
  performance.now = () => (milliseconds += 4);
  try {
    const x = feed();
    const running = s.run({ x });
    (x.data as Float32Array).fill(NaN);
    t.deepEqual(await running, wanted);
  } finally {
    performance.now = now;
  }
});

test('float64 arithmetic is what float32 approximates', (t) => {
  const single = session(chain).runSync({ x: image(2) })['y']!;
  const double = session(chain, { arithmetic: 'float64' }).runSync({ x: image(2) })['y']!;
  t.is(double.type, 'float32');
  t.true(double.data instanceof Float32Array);
  const apart = relativeL2(single.data as Float32Array, double.data as Float32Array);
  t.true(apart > 0 && apart < 1e-6, String(apart));
});

test('all operators that are missing are named at once', (t) => {
  const text =
    'a = StringNormalizer(x)\nb = org.acme.Op(a)\ny = If<then_branch = ' +
    '{ c = TfIdfVectorizer(b) }, else_branch = { d = TfIdfVectorizer(b) }>(f)';
  t.throws(() => session(text), {
    code: 'ERR_UNSUPPORTED',
    message: /StringNormalizer of opset 17, org\.acme\.Op of opset 0, TfIdfVectorizer of opset 17$/,
  });
});

test('feeds are checked by name, type and dimensions', (t) => {
  const s = session('x: input float[1, ?]\ny = Relu(x)');
  const fails = (feeds: Record<string, unknown>, message: RegExp): void => {
    t.throws(() => s.runSync(feeds as Record<string, Tensor>), { code: 'ERR_ARGUMENT', message });
  };
  fails({}, /expected a tensor for feeds\.x, received undefined/);
  fails({ x: tensorOf([1, 1]), z: tensorOf([1]) }, /expected one of the inputs x for feeds/);
  fails({ x: tensorOf([2, 1]) }, /expected dimensions 1x\? for feeds\.x, received 2x1/);
  fails({ x: tensorOf([1, 1], [1], 'int32') }, /expected float32 for feeds\.x\.type/);
  fails({ x: { type: 'float32', dims: [1, 3], data: new Float32Array(2) } }, /3 elements/);
  fails({ x: 5 }, /expected a tensor/);
});

test('an initializer that is also an input may be given, from IR 4 on', (t) => {
  const text = 'x: input float[1]\nk: input float[1] = {2}\ny = Mul(x, k)';
  const x = tensorOf([1], [3]);
  const s = session(text);
  t.deepEqual(s.inputNames, ['x']);
  t.deepEqual(s.runSync({ x })['y']!.data, Float32Array.of(6));
  t.deepEqual(s.runSync({ x, k: tensorOf([1], [5]) })['y']!.data, Float32Array.of(15));
  t.deepEqual(s.runSync({ x })['y']!.data, Float32Array.of(6));
  const old = session(text, {}, { irVersion: 3 });
  t.throws(() => old.runSync({ x, k: tensorOf([1], [5]) }), { code: 'ERR_ARGUMENT' });
});

test('overridden weights of a convolution are used, then the own ones again', (t) => {
  const text = 'x: input float[1, 1, 1]\nw: input float[1, 1, 1] = {2}\ny = Conv(x, w)';
  const s = session(text);
  const x = tensorOf([1, 1, 1], [3]);
  const y = (feeds: Record<string, Tensor>) => [...(s.runSync(feeds)['y']!.data as Float32Array)];
  t.deepEqual(y({ x }), [6]);
  t.deepEqual(y({ x, w: tensorOf([1, 1, 1], [7]) }), [21]);
  t.deepEqual(y({ x }), [6]);
});

test('an overridden value reaches the bodies that read it', (t) => {
  const text =
    'k: input float[1] = {2}\n' +
    'y = If<then_branch = { a = Mul(x, k) }, else_branch = { b = Neg(k) }>(c)';
  const feeds = { x: tensorOf([1], [3]), c: tensorOf([], [1], 'bool') };
  t.deepEqual(runAll(text, feeds)['y']!.values, [6]);
  t.deepEqual(runAll(text, { ...feeds, k: tensorOf([1], [5]) })['y']!.values, [15]);
});

test('model-local functions run their bodies', (t) => {
  const text = `
    function local.twice { r = Add(p, p) }
    function local.four { h = local.twice(q)
      s = local.twice(h) }
    y = local.four(x)
  `;
  t.deepEqual(runAll(text, { x: tensorOf([2], [1, 2]) })['y']!.values, [4, 8]);
});

test('outputs that are inputs, constants, or given twice', (t) => {
  const text = 'x: input float[1]\nc: float[1] = {4}\ny = Relu(x)\nx: output\nc: output\ny: output';
  t.deepEqual(runAll(text, { x: tensorOf([1], [3]) }), {
    x: { type: 'float32', dims: [1], values: [3] },
    c: { type: 'float32', dims: [1], values: [4] },
    y: { type: 'float32', dims: [1], values: [3] },
  });
});

test('an aborted run rejects with the reason of the signal', async (t) => {
  const s = session(chain);
  const reason = new Error('enough');
  const before = AbortSignal.abort(reason);
  t.is(await t.throwsAsync(s.run({ x: image(1) }, { signal: before })), reason);
  // Long enough that it takes turns.
  const lines = ['x: input float[1, 1, 300, 300]', 'v0 = Exp(x)'];
  for (let i = 1; i < 200; i++) lines.push(`v${i} = Tanh(v${i - 1})`);
  const long = session(lines.join('\n'));
  const controller = new AbortController();
  const running = long.run({ x: tensorOf([1, 1, 300, 300]) }, { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  t.is(await t.throwsAsync(running), reason);
});

test('a disposed session does nothing more', async (t) => {
  const s = session(chain);
  s.runSync({ x: image(1) });
  s.dispose();
  t.throws(() => s.runSync({ x: image(1) }), { code: 'ERR_DISPOSED' });
  await t.throwsAsync(s.run({ x: image(1) }), { code: 'ERR_DISPOSED' });
});

test('a step that fails gives its memory back', (t) => {
  const s = session(
    'x: input float[N]\ns: input int64[1]\na = Exp(x)\nb = Exp(a)\ny = Reshape(b, s)',
  );
  const feeds = { x: tensorOf([5000]), s: tensorOf([1], [7], 'int64') };
  for (let i = 0; i < 3; i++) t.throws(() => s.runSync(feeds), { code: 'ERR_MODEL' });
  t.is(s.memory.lent, 0);
});

test('a warm run finds all its memory in the arena', (t) => {
  const s = session(chain.replaceAll('8, 8', '32, 32'));
  const x: Tensor = { type: 'float32', dims: [1, 3, 32, 32], data: new Random(1).normals(3072) };
  s.runSync({ x });
  const after = s.memory;
  t.true(after.free > 0);
  for (let i = 0; i < 3; i++) s.runSync({ x });
  t.deepEqual(s.memory, after);
  t.is(after.lent, 0);
});

test('steps that overwrite an input leave what others still read', (t) => {
  const text = `
    a = Exp(x)
    b = Neg(a)
    s = Sum(b, a, b)
    v = Flatten(s)
    w = Abs(v)
    u = Relu(s)
    y = Sub(w, u)
    z = Add(u, u)
  `;
  const x: Tensor = { type: 'float32', dims: [2, 3000], data: new Random(5).normals(6000) };
  const outputs = runAll(text, { x }, { arithmetic: 'float64' });
  const data = x.data as Float32Array;
  // s = -exp(x), so that w = exp(x) and u = 0.
  t.deepEqual(
    outputs['y']!.values,
    Array.from(data, (value) => Math.fround(Math.exp(value))),
  );
  t.true(outputs['z']!.values.every((value) => value === 0));
});
