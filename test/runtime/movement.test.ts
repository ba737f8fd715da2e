// Steps that only move elements, done again as they were done once: copies and views of parts, from
// and to any number of tensors, for all types, none of whose memory callers ever see.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import test from 'ava';

import type { CopyCall } from '#convfuse/backend/copy.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { ConvfuseError } from '#convfuse/errors.js';
import { parseText } from '#convfuse/ir/text.js';
import { mayMove } from '#convfuse/runtime/repetition.js';
import { Session } from '#convfuse/runtime/session.js';
import { allocate, type DataType } from '#convfuse/tensor/dtype.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { addon, nativeBackends } from '../helpers/native-backends.js';
import { tensorOf } from '../helpers/run-text.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const reference = new ReferenceBackend('tests');

/** Of each operator what is a view for a batch of 1, what is copied in runs, and what one by one. */
const MOVES = `
  c = Concat<axis = 1>(x, x, x)
  one = Concat<axis = 0>(x)
  two = Concat<axis = 3>(x, c4)
  c4, c8 = Split<axis = 1>(c, sizes)
  sizes: int64[2] = {4, 8}
  columns, others = Split<axis = 3>(c)
  u = Unsqueeze(c, zero)
  turned = Transpose<perm = [1, 0, 3, 2, 4]>(u)
  same = Transpose<perm = [1, 0, 2, 3, 4]>(u)
  channels = Transpose<perm = [0, 2, 3, 1]>(c)
  last = Gather<axis = 0>(c, minus)
  channel = Gather<axis = 1>(c, five)
  chosen = Gather<axis = 1>(c, list)
  fed = Gather<axis = 0>(x, zero)
  first = Slice(x, zero, ends, zero)
  inner = Slice(c, starts, ends, zero)
  middle = Slice(c, starts, ends, starts)
  few = Slice(last, starts, ends, starts)
  backwards = Slice(few, minuses, far, starts, minuses)
  none = Slice(c, ends, starts, starts)
  deep = SpaceToDepth<blocksize = 2>(c)
  wide = DepthToSpace<blocksize = 2>(c)
  narrow = DepthToSpace<blocksize = 1>(c)
  tiles = Tile(few, times)
  spread = Expand(last, shape)
  zero: int64[1] = {0}
  minus: int64[] = {-1}
  minuses: int64[1] = {-1}
  far: int64[1] = {-100}
  five: int64[] = {5}
  list: int64[3] = {1, 0, -1}
  starts: int64[1] = {1}
  ends: int64[1] = {3}
  times: int64[3] = {1, 2, 2}
  shape: int64[4] = {2, 1, 1, 1}
`;

function feed(type: DataType, batch: number, seed: number): Tensor {
  const dims = [batch, 4, 6, 16];
  const data = allocate(type, elementCount(dims)) as unknown[];
  for (let i = 0; i < data.length; i++) {
    const value = type === 'bool' ? (i * seed) % 2 : (i + seed) % 251;
    if (type === 'string') data[i] = `${value}`;
    else data[i] = type.endsWith('int64') ? BigInt(value) : value;
  }
  return { type, dims, data: data as unknown as Tensor['data'] };
}

function overwrite({ data }: Tensor): void {
  const elements = data as unknown[];
  if (elements.length > 0) elements.fill(elements[0]);
}

function textOf(outputs: Readonly<Record<string, Tensor>>): string {
  const lines = Object.entries(outputs).map(
    ([name, { type, dims, data }]) => `${name}: ${type}[${dims.join()}] ${data.join()}`,
  );
  return lines.join('\n');
}

const TYPES: Readonly<Partial<Record<DataType, string>>> = {
  float32: 'float',
  float64: 'double',
  float16: 'float16',
  bfloat16: 'bfloat16',
  int64: 'int64',
  int16: 'int16',
  bool: 'bool',
  string: 'string',
};

/** MOVES on x of a type, with all that it makes as outputs. */
function movesOf(name: string): string {
  const made = [...MOVES.matchAll(/^ *([\w, ]+) = /gm)].flatMap(([, names]) => names!.split(', '));
  const outputs = made.map((output) => `${output}: output`);
  return `x: input ${name}[N, 4, 6, 16]\n${MOVES}\n${outputs.join('\n')}`;
}

for (const [type, name] of Object.entries(TYPES) as [DataType, string][]) {
  for (const backend of [reference, ...nativeBackends]) {
    test(`moves of ${name} are repeated with the same results: ${backend.isa}`, async (t) => {
      const session = Session.create(parseText(movesOf(name)), { backend });
      for (const [seed, batch] of [1, 1, 3, 1, 3].entries()) {
        const fresh = Session.create(parseText(movesOf(name)), { backend: reference });
        const wanted = textOf(fresh.runSync({ x: feed(type, batch, seed) }));
        const x = feed(type, batch, seed);
        const results = [session.runSync({ x }), await session.run({ x })] as const;
        t.is(session.memory.lent, 0);
        overwrite(x);
        t.is(textOf(results[0]), wanted);
        Object.values(results[0]).forEach(overwrite);
        t.is(textOf(results[1]), wanted);
        t.is(textOf(session.runSync({ x: feed(type, batch, seed) })), wanted);
      }
      const { steps, repetitions, movements } = session.plan({ x: feed(type, 3, 0) });
      const asked = steps.filter((_, i) => (repetitions[i] ?? movements[i]) === undefined);
      t.is(asked.map(({ node }) => node.label).join(), '');
    });
  }
}

const PARTS = `
  x: input float[1, 2, 2000]
  zero: int64[] = {0}
  one: int64[] = {1}
  a = Gather<axis = 1>(c, zero)
  b = Gather<axis = 1>(c, one)
  c = Concat<axis = 2>(x, x)
  r = Relu(a)
  n = Neg(b)
  s = Add(r, a)
  p, q = Split<axis = 1>(s)
  v = Neg(p)
  w = Add(v, q)
  y = Sub(s, n)
  w: output
  y: output
  b: output
`;

/** What PARTS makes: w, y and b. */
function partsOf(x: Float32Array): Record<string, number[]> {
  const [top, bottom] = [x.subarray(0, 2000), x.subarray(2000)].map((row) => [...row, ...row]);
  const s = top!.map((value) => Math.max(value, 0) + value);
  const w = s.slice(0, 2000).map((value, i) => s[2000 + i]! - value);
  return { w, y: s.map((value, i) => value + bottom![i]!), b: bottom! };
}

function integers(seed: number, data = new Float32Array(4000)): Tensor {
  data.forEach((_, i) => (data[i] = ((i * 7 + seed) % 31) - 15));
  return { type: 'float32', dims: [1, 2, 2000], data };
}

function valuesOf(outputs: Record<string, Tensor>): Record<string, number[]> {
  const entries = Object.entries(outputs);
  return Object.fromEntries(entries.map(([name, { data }]) => [name, [...(data as Float32Array)]]));
}

for (const backend of [reference, ...nativeBackends]) {
  test(`no step overwrites memory of which another value is a part: ${backend.isa}`, (t) => {
    const session = Session.create(parseText(PARTS), { backend });
    for (let seed = 0; seed < 3; seed++) {
      const x = integers(seed);
      t.deepEqual(valuesOf(session.runSync({ x })), partsOf(x.data as Float32Array));
      t.deepEqual(x, integers(seed));
      t.is(session.memory.lent, 0);
    }
  });
}

const FED = PARTS.replace('c = Concat<axis = 2>(x, x)', 'c = Identity(x)').replaceAll(
  '2000',
  '4000',
);

test.serial(
  'parts of feeds are as they were when others got a turn, or share the memory',
  async (t) => {
    const session = Session.create(parseText(FED), { backend: nativeBackends[0]! });
    const twice = (seed: number): Float32Array => {
      const rows = (integers(seed).data as Float32Array).slice();
      const [top, bottom] = [rows.subarray(0, 2000), rows.subarray(2000)];
      return Float32Array.of(...top, ...top, ...bottom, ...bottom);
    };
    const x = (seed: number, shared: boolean): Tensor => {
      const data = new Float32Array(shared ? new SharedArrayBuffer(32000) : new ArrayBuffer(32000));
      data.set(twice(seed));
      return { type: 'float32', dims: [1, 2, 4000], data };
    };
    const { now } = performance;
    let milliseconds = 0;
    performance.now = () => (milliseconds += 4);
    try {
      for (let round = 0; round < 3; round++) {
        const feeds = [x(1, false), x(2, true), x(3, false)];
        const running = feeds.map((tensor) => session.run({ x: tensor }));
        feeds.forEach(({ data }) => (data as Float32Array).fill(NaN));
        for (const [i, outputs] of (await Promise.all(running)).entries()) {
          t.deepEqual(valuesOf(outputs), partsOf(integers(i + 1).data as Float32Array));
        }
        t.is(session.memory.lent, 0);
      }
    } finally {
      performance.now = now;
    }
  },
);

/** A backend whose copies fail after as many as it is told. */
class Failing extends NativeBackend {
  left = Infinity;

  override copy(call: CopyCall): void {
    if (this.left-- <= 0) throw new ConvfuseError('ERR_MEMORY', 'no scratch');
    super.copy(call);
  }
}

test('a movement that fails says where, gives its memory back, and the next one runs', (t) => {
  const backend = new Failing(addon, nativeBackends[0]!.isa, 1, 'test');
  const text = `
    x: input float[2, 4, 6, 16]
    [all] c = Concat<axis = 1>(x, x, x)
    [parts] a, b, d = Split<axis = 1>(c)
    y = Sum(a, b, d)
  `;
  const session = Session.create(parseText(text), { backend });
  const feeds = { x: feed('float32', 2, 1) };
  const wanted = session.runSync(feeds);
  for (const [copies, label] of ['all', 'all', 'all', 'parts', 'parts', 'parts'].entries()) {
    backend.left = copies;
    t.throws(() => session.runSync(feeds), {
      code: 'ERR_MEMORY',
      message: new RegExp(`^(Concat|Split) ${label}: no scratch$`),
    });
    t.is(session.memory.lent, 0);
    backend.left = Infinity;
    t.deepEqual(session.runSync(feeds), wanted);
  }
});

test('sizes and bounds that a caller gives are never taken for constants', (t) => {
  const text = `
    x: input float[2, 4, 6, 16]
    sizes: input int64[2]
    at: input int64[1]
    a, b = Split<axis = 1>(x, sizes)
    g = Gather(x, at)
  `;
  const session = Session.create(parseText(text), { backend: nativeBackends[0]! });
  const int64 = (...values: number[]): Tensor => tensorOf([values.length], values, 'int64');
  const x = feed('float32', 2, 1);
  for (const [size, row] of [
    [1, 0],
    [3, 1],
    [2, 0],
  ] as const) {
    const { a, b, g } = session.runSync({ x, sizes: int64(size, 4 - size), at: int64(row) });
    t.deepEqual([a!.dims[1], b!.dims[1]], [size, 4 - size]);
    t.deepEqual(g!.data, (x.data as Float32Array).slice(row * 384, (row + 1) * 384));
  }
});

test.serial('what is noted for later runs keeps no tensor of the first one alive', async (t) => {
  for (const backend of [reference, nativeBackends[0]!]) {
    const session = Session.create(parseText(movesOf('float')), { backend });
    const run = (): WeakRef<object> => {
      const x = feed('float32', 1, 1);
      session.runSync({ x });
      return new WeakRef(x.data);
    };
    const data = run();
    // What a reference was made for in this turn stays until its end.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    t.is(data.deref(), undefined);
    session.dispose();
  }
});

test('all inputs must be like those that a step moved before', (t) => {
  const like = { type: 'float32', dims: [2, 2], layout: undefined } as const;
  const x = { ...like, data: new Float32Array(4) };
  const known = { inputs: [like, like, undefined], outputs: [] };
  t.true(mayMove(known, [x, x, undefined]));
  t.true(mayMove(known, [x, { ...x, dims: [2, 2] }, undefined]));
  t.false(mayMove(known, [x, { ...x, dims: [4] }, undefined]));
  t.false(mayMove(known, [{ ...x, type: 'float16' }, x, undefined]));
  t.false(mayMove(known, [x, undefined, undefined]));
  t.false(mayMove(known, [x, x, x]));
});
