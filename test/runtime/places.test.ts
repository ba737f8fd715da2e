// What lies in the memory of the value that it is joined to.

import test from 'ava';

import type { CopyCall } from '#convfuse/backend/copy.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';

import { blockedPlan } from '../helpers/blocked-plan.js';
import { relativeL2 } from '../helpers/bounds.js';
import { addon } from '../helpers/native-backends.js';

/** In blocks of 4: [value it lies in, from, to] by name. */
function places(text: string): Record<string, [string, number, number]> {
  const { plan, nameOf } = blockedPlan(text, 'strict');
  return Object.fromEntries(
    [...plan.places].map(([slot, { whole, from, to }]) => [
      nameOf(slot),
      [nameOf(whole.slot), from, to],
    ]),
  );
}

const PADS = 'pads = [1, 1, 1, 1]';
const head = (batch = 1): string => `x: input float[${batch}, 3, 5, 2]
w0: float[8, 3, 3, 3]
w1: float[8, 8, 1, 1]
w2: float[8, 16, 1, 1]
w3: float[8, 8, 3, 3]
w4: float[4, 4, 1, 1]
w5: float[8, 24, 1, 1]
k: int64[2] = {4, 4}
a = Conv<${PADS}>(x, w0)
`;

test('parts that have its halo', (t) => {
  const text = `${head()}b = Conv(a, w1)\nc = Conv(b, w1)\nd = Concat<axis = 1>(c, b)\ny = Conv(d, w2)`;
  t.deepEqual(places(text), { c: ['d', 0, 80], b: ['d', 80, 160] });
  t.deepEqual(places(text.replace(head(), head(2))), {}, 'of two images, parts alternate');
  const padded = text.replace('c = Conv(b, w1)', `c = Conv<${PADS}>(b, w3)`);
  t.deepEqual(places(padded), { c: ['d', 0, 80] }, 'b has the halo that c reads');
});

test('what is joined again lies in the last of all', (t) => {
  const text = `${head()}b = Conv(a, w1)
c = Concat<axis = 1>(a, b)
d = Conv(c, w2)
e = Concat<axis = 1>(c, d)
y = Conv(e, w5)`;
  const all = { a: [0, 80], b: [80, 160], c: [0, 160], d: [160, 240] };
  t.deepEqual(
    places(text),
    Object.fromEntries(Object.entries(all).map(([name, [from, to]]) => [name, ['e', from, to]])),
  );
});

test('a value is in one place, however often it is joined', (t) => {
  const text = `${head()}b = Conv(a, w1)\nc = Concat<axis = 1>(b, b)\ny = Conv(c, w2)`;
  t.deepEqual(places(text), { b: ['c', 0, 80] });
});

test('a tensor that was split lies where its parts are joined in their order', (t) => {
  const text = (order: string): string => `${head()}p, q = Split<axis = 1>(a, k)
r = Conv(q, w4)
s = Conv(r, w4)
d = Concat<axis = 1>(${order})
y = Conv(d, w2)`;
  t.deepEqual(places(text('p, q, r, s')), {
    a: ['d', 0, 80],
    r: ['d', 80, 120],
    s: ['d', 120, 160],
  });
  t.deepEqual(places(text('r, p, q, s')), {
    r: ['d', 0, 40],
    a: ['d', 40, 120],
    s: ['d', 120, 160],
  });
  t.deepEqual(places(text('q, p, r, s')), { r: ['d', 80, 120], s: ['d', 120, 160] });
  t.deepEqual(places(text('p, r, q, s')), { r: ['d', 40, 80], s: ['d', 120, 160] });
});

class Counting extends NativeBackend {
  copies = 0;

  override copy(call: CopyCall): void {
    this.copies++;
    super.copy(call);
  }
}

test('nothing is copied once it is known how, and the results are those of copies', (t) => {
  const c = 16;
  const random = new Random(5);
  const weights = (name: string, m: number, n: number, k: number): string =>
    `${name}: float[${m}, ${n}, ${k}, ${k}] = {${Array.from(random.normals(m * n * k * k), (v) => v * Math.sqrt(2 / (n * k * k))).join()}}`;
  const text = `x: input float[1, 3, 9, 7]
half: int64[2] = {${c}, ${c}}
${weights('w0', 2 * c, 3, 3)}
${weights('w1', c, c, 1)}
${weights('w2', c, 3 * c, 1)}
${weights('w3', c, 4 * c, 1)}
${weights('w4', 5, 5 * c, 1)}
a = Conv<${PADS}>(x, w0)
p, q = Split<axis = 1>(a, half)
r = Conv(q, w1)
d = Concat<axis = 1>(p, q, r)
e = Conv(d, w2)
f = Concat<axis = 1>(d, e)
g = Conv(f, w3)
h = Concat<axis = 1>(f, g)
i = Relu(h)
y = Conv(i, w4)`;
  const model = parseText(text);
  const dims = [1, 3, 9, 7];
  const feeds = (seed: number) => ({
    x: { type: 'float32' as const, data: new Random(seed).normals(3 * 63), dims },
  });
  const run = (session: Session, seed: number): Float32Array =>
    session.runSync(feeds(seed))['y']!.data as Float32Array;
  const oracle = Session.create(model, {
    backend: new ReferenceBackend('test'),
    arithmetic: 'float64',
  });
  for (const isa of addon.info().isas) {
    const backend = new Counting(addon, isa, 1, 'test');
    const session = Session.create(model, { backend });
    t.true(relativeL2(run(session, 1), run(oracle, 1)) < 1e-6, isa);
    t.true(backend.copies > 0, `${isa}: the first run knows no places`);
    backend.copies = 0;
    const { free } = session.memory;
    for (const seed of [2, 3]) {
      t.true(relativeL2(run(session, seed), run(oracle, seed)) < 1e-6, `${isa} ${seed}`);
    }
    t.is(backend.copies, 0, isa);
    t.is(session.memory.lent, 0, isa);
    t.true(session.memory.free <= 2 * free, isa);
    session.dispose();
  }
});
