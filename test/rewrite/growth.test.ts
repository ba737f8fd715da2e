// What fused files weigh: never more than twice the original unless a user allows it, in any rule.

import test from 'ava';

import { encodeModel } from '#convfuse/api/encode.js';
import { fuseModel } from '#convfuse/api/fuse.js';
import { loadModel } from '#convfuse/api/load.js';
import { parseText } from '#convfuse/ir/text.js';
import { GROWTH_LIMIT } from '#convfuse/rewrite/growth.js';

import { randomGraph } from '../helpers/random-graph.js';

const times = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

const CHAIN = 'x0: input float[1, 8, 4, 4]';
const STATISTICS = ['g', 'b', 'm'].map((name) => `${name}: float[8]`).join('\n');
const VARIANCE = 'v: float[8] = fill(2)';

/** Models in which all that rules would do takes more than the limit, and what may still be done. */
const HEAVY: readonly (readonly [string, string])[] = [
  [
    'clones of a shared weight',
    `${CHAIN}\nW: float[8, 8, 3, 3]\n${STATISTICS}\n${VARIANCE}\n${times(
      6,
      (i) =>
        `y${i} = Conv<pads = [1, 1, 1, 1]>(x${i}, W)\nx${i + 1} = BatchNormalization(y${i}, g, b, m, v)`,
    )}`,
  ],
  [
    'weights that the file only describes',
    `${CHAIN}\ns: int64[4] = {8, 8, 3, 3}\nW = ConstantOfShape<value = float[1] {0.25}>(s)\n${STATISTICS}\n${VARIANCE}\n${times(
      20,
      (i) =>
        `y${i} = Conv<pads = [1, 1, 1, 1]>(x${i}, W)\nx${i + 1} = BatchNormalization(y${i}, g, b, m, v)`,
    )}`,
  ],
  [
    'biases where there were none',
    `x0: input float[1, 64, 4, 4]\nW: float[64, 1, 1, 1]\nc: float = {0.5}\n${times(
      40,
      (i) => `y${i} = Conv<group = 64>(x${i}, W)\nz${i} = Add(y${i}, c)\nx${i + 1} = Relu(z${i})`,
    )}`,
  ],
  [
    'kernels with zeros around them',
    'x: input float[1, 4, 1, 1]\nV: float[4, 4, 5, 5]\nW: float[64, 4, 1, 1]\n' +
      'a = Conv<pads = [2, 2, 2, 2]>(x, V)\nb = Conv(x, W)\nc = Concat<axis = 1>(a, b)',
  ],
  [
    'RepVGG blocks that share their weights',
    `${CHAIN}\nW: float[8, 8, 3, 3]\nV: float[8, 8, 1, 1]\n${times(
      12,
      (i) =>
        `a${i} = Conv<pads = [1, 1, 1, 1]>(x${i}, W)\nb${i} = Conv(x${i}, V)\ns${i} = Sum(a${i}, b${i}, x${i})\nx${i + 1} = Relu(s${i})`,
    )}`,
  ],
  [
    'products of two shared kernels',
    `x0: input float[1, 16, 1, 1]\nA: float[2, 16, 1, 1]\nB: float[16, 2, 3, 3]\n${times(
      8,
      (i) =>
        `a${i} = Conv(x${i}, A)\nb${i} = Conv<pads = [1, 1, 1, 1]>(a${i}, B)\nx${i + 1} = Relu(b${i})`,
    )}`,
  ],
  [
    'siblings with one weight',
    `x: input float[1, 8, 4, 4]\nW: float[8, 8, 3, 3]\n${times(12, (i) => `y${i} = Conv(x, W)`)}`,
  ],
];

for (const [name, text] of HEAVY) {
  test(`not more than twice as large without --allow-growth: ${name}`, async (t) => {
    const bytes = encodeModel(parseText(text));
    const fused = async (allowGrowth: boolean) => {
      const { model, report } = await fuseModel(await loadModel(bytes), {
        level: 'extended',
        allowGrowth,
      });
      return { ratio: encodeModel(model).length / bytes.length, sites: report.sites };
    };
    const [limited, free] = [await fused(false), await fused(true)];
    t.log(`${limited.ratio.toFixed(2)}, with --allow-growth ${free.ratio.toFixed(2)}`);
    t.true(limited.ratio <= GROWTH_LIMIT, `${limited.ratio}`);
    t.true(free.ratio > GROWTH_LIMIT, `${free.ratio}: the model is not heavy enough`);
    t.true(limited.sites.some(({ reason }) => reason === 'growth'));
    t.false(free.sites.some(({ reason }) => reason === 'growth'));
  });
}

test('random networks do not grow beyond it either', async (t) => {
  let largest = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const text = randomGraph(seed, { steps: 1 + (seed % 14), functions: false });
    const bytes = encodeModel(parseText(text));
    const { model } = await fuseModel(await loadModel(bytes), { level: 'extended', verify: false });
    largest = Math.max(largest, encodeModel(model).length / bytes.length);
  }
  t.log(`${largest.toFixed(2)} times as large at most`);
  t.true(largest <= GROWTH_LIMIT);
});
