// Random networks through the real rule table, run before and after in double: what a rewrite
// changes in the numbers is rounding, and nothing else.

import test from 'ava';
import fc from 'fast-check';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import type { Model } from '#convfuse/ir/model.js';
import { parseText } from '#convfuse/ir/text.js';
import { isOverridable } from '#convfuse/ir/view.js';
import { RULES } from '#convfuse/rules/index.js';
import { GraphFacts } from '#convfuse/runtime/graph-facts.js';
import { Session } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { hold } from '../helpers/hold.js';
import { randomGraph } from '../helpers/random-graph.js';
import { rewriteChecked, siteLines } from '../helpers/rewrite-text.js';

const backend = new ReferenceBackend('tests');

/** A tensor for every input; of those that have a default, for every other one. */
function feedsFor(model: Model, random: Random): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const value of model.graph.inputs) {
    const { initializer } = value;
    if (initializer !== undefined && (!isOverridable(value) || random.uniform() < 0.5)) continue;
    const dims = (initializer?.dims ?? value.declaration!.dims) as number[];
    const type = initializer?.type ?? value.declaration!.type;
    if (type !== 'float32' && type !== 'float64') continue;
    const numbers = random.normals(dims.reduce((a, b) => a * b, 1));
    // What stands for a variance stays positive, with any other name it does not matter.
    const data = numbers.map((x) => (value.name.startsWith('var') ? 0.5 + Math.abs(x) : x));
    feeds[value.name] = { type, dims, data: type === 'float64' ? Float64Array.from(data) : data };
  }
  return feeds;
}

function run(model: Model, feeds: Record<string, Tensor>): Record<string, Tensor> {
  const session = Session.create(model, { backend, arithmetic: 'float64' });
  try {
    return session.runSync(feeds);
  } finally {
    session.dispose();
  }
}

/** Folds of double weights round at 2^-53: all else than rounding is far above this. */
const TOLERANCE = { double: 1e-9, float: 1e-3 } as const;

for (const [type, runs] of [
  ['double', 400],
  ['float', 100],
] as const) {
  test(`${type} networks compute the same before and after`, (t) => {
    let fused = 0;
    const networks = fc.tuple(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 20 }));
    hold(
      networks,
      ([seed, steps]) => {
        const text = randomGraph(seed, { steps, type });
        const [before, after] = [parseText(text), parseText(text)];
        const facts = new GraphFacts(backend);
        const sites = rewriteChecked(after, RULES, { level: 'extended', facts, allowGrowth: true });
        fused += sites.filter(({ verdict }) => verdict === 'fused').length;
        const feeds = feedsFor(before, new Random(seed));
        const [expected, actual] = [run(before, feeds), run(after, feeds)];
        for (const [name, { data }] of Object.entries(expected)) {
          const want = Array.from<unknown, number>(data, Number);
          const got = Array.from<unknown, number>(actual[name]!.data, Number);
          // A pad of -infinity may itself be an output: infinities must be equal, and set no scale.
          const finite = want.filter((x) => Math.abs(x) < Infinity);
          const scale = finite.reduce((max, x) => Math.max(max, Math.abs(x)), 1);
          const near = (x: number, y: number): boolean =>
            Math.abs(x) === Infinity ? x === y : Math.abs(x - y) <= TOLERANCE[type] * scale;
          const far = want.findIndex((x, i) => !near(x, got[i]!));
          if (far < 0 && got.length === want.length) continue;
          const what = `${name}[${far}]: ${want[far]} became ${got[far]}`;
          throw new Error(`${what}\n${siteLines(sites).join('\n')}\n${text}`);
        }
      },
      runs,
    );
    t.log(`${fused} rewrites in ${runs} networks`);
    t.true(fused > runs);
  });
}
