// Steps of which each is the only reader of the one before it run as one, with the same bits.

import test from 'ava';

import type { BoundLayer } from '#convfuse/backend/backend.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ConvfuseError } from '#convfuse/errors.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { addon, nativeBackends } from '../helpers/native-backends.js';

function normals(dims: readonly number[], seed: number): Tensor {
  return { type: 'float32', dims, data: new Random(seed).normals(elementCount(dims)) };
}

/** Counts the chains that run. */
class Watched extends NativeBackend {
  /** Lengths of those that ran at least once. */
  readonly used: number[] = [];
  runs = 0;
  failure: Error | undefined;
  /** Layers that a chain has at most. */
  most = Infinity;

  constructor(isa: string, threads = 1) {
    super(addon, isa, threads, 'test');
  }

  override chain(convs: readonly BoundLayer[]): BoundLayer | undefined {
    const chain = convs.length > this.most ? undefined : super.chain(convs);
    if (chain === undefined) return undefined;
    let ran = false;
    return (...arrays) => {
      if (!ran) this.used.push(convs.length);
      ran = true;
      this.runs += 1;
      if (this.failure !== undefined) throw this.failure;
      chain(...arrays);
    };
  }
}

/** Two inverted residuals, of which the second adds what it reads. */
const NETWORK = `
  x: input float[N, 3, 56, 40]
  first: float[20, 3, 3, 3]
  w1: float[40, 20, 1, 1]
  d1: float[40, 1, 3, 3]
  p1: float[20, 40, 1, 1]
  w2: float[50, 20, 1, 1]
  d2: float[50, 1, 5, 5]
  p2: float[20, 50, 1, 1]
  last: float[4, 20, 1, 1]
  s = Conv<pads = [1, 1, 1, 1], strides = [2, 2]>(x, first)
  m = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(s)
  a = Conv(m, w1)
  ar = Relu(a)
  b = Conv<pads = [1, 1, 1, 1], group = 40>(ar, d1)
  br = Relu(b)
  c = Conv(br, p1)
  e = Conv(c, w2)
  er = Relu(e)
  f = Conv<pads = [2, 2, 2, 2], group = 50>(er, d2)
  g = Conv(f, p2)
  h = Add(g, c)
  y = Conv(h, last)
`;

const ISAS = nativeBackends.map(({ isa }) => isa);

for (const isa of ISAS) {
  test(`chains give the bits of their steps: ${isa}`, async (t) => {
    for (const threads of [1, 2]) {
      const backend = new Watched(isa, threads);
      const session = Session.create(parseText(NETWORK), { backend });
      for (const [seed, batch] of [1, 1, 2, 1, 2, 2].entries()) {
        const fresh = Session.create(parseText(NETWORK), { backend });
        const feeds = { x: normals([batch, 3, 56, 40], seed) };
        const wanted = fresh.runSync(feeds);
        t.deepEqual(session.runSync(feeds), wanted);
        t.deepEqual(await session.run(feeds), wanted);
        t.is(session.memory.lent, 0);
        fresh.dispose();
      }
      // Each of the two plans: up to what two steps read, and from there to what is no block.
      t.deepEqual(backend.used, [5, 3, 5, 3]);
      t.is(backend.runs, 2 * 10);
      session.dispose();
    }
  });
}

/** NETWORK with something else in the place of one line, and the chains that are left: only the
 * first two steps where all that follows is dense too. */
const BREAKS = [
  ['an output of the graph', 'br = Relu(b)', 'br = Relu(b)\n br: output\n y: output', [2]],
  ['a second reader', 'y = Conv(h, last)', 'z = Conv(br, p1)\n y = Conv(h, last)', [4, 3]],
  ['weights that a caller gives', 'd2: float', 'd2: input float', [5]],
  ['a layer on dense planes', 'd1: float[40, 1, 3, 3]', 'd1: float[80, 1, 3, 3]', [2]],
] as const;

for (const [what, from, to, used] of BREAKS) {
  test(`ends a chain: ${what}`, (t) => {
    const backend = new Watched(ISAS.at(-1)!);
    const doubled = to.includes('[80')
      ? NETWORK.replace('p1: float[20, 40', 'p1: float[20, 80')
      : NETWORK;
    const session = Session.create(parseText(doubled.replace(from, to)), { backend });
    const feeds = {
      x: normals([1, 3, 56, 40], 1),
      ...(to.includes('input') ? { d2: normals([50, 1, 5, 5], 2) } : {}),
    };
    const first = session.runSync(feeds);
    t.deepEqual(session.runSync(feeds), first);
    t.deepEqual(backend.used, used);
  });
}

test('what is too long for one chain is cut where the smallest value lies', (t) => {
  const backend = new Watched(ISAS.at(-1)!);
  backend.most = 3;
  const session = Session.create(parseText(NETWORK), { backend });
  const feeds = { x: normals([1, 3, 56, 40], 1) };
  const first = session.runSync(feeds);
  t.deepEqual(session.runSync(feeds), first);
  // Behind m lie 20 channels, behind a and b 40.
  t.deepEqual(backend.used, [2, 3, 3]);
});

test('a chain that fails says where, gives its memory back, and the next one runs', (t) => {
  const backend = new Watched(ISAS.at(-1)!);
  const session = Session.create(parseText(NETWORK), { backend });
  const feeds = { x: normals([1, 3, 56, 40], 1) };
  const wanted = [0, 1].map(() => session.runSync(feeds))[1];
  backend.failure = new ConvfuseError('ERR_MEMORY', 'no memory');
  t.throws(() => session.runSync(feeds), { code: 'ERR_MEMORY', message: /no memory/ });
  t.is(session.memory.lent, 0);
  backend.failure = undefined;
  t.deepEqual(session.runSync(feeds), wanted);
});
