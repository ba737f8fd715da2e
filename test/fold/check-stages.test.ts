import test from 'ava';

import { checkStages, type StagedSite } from '#convfuse/fold/check-stages.js';
import { composeStages, composeWindows } from '#convfuse/fold/compose-stages.js';
import type { LinearStage, PaddedWindow } from '#convfuse/fold/linear-stage.js';
import { roundStage } from '#convfuse/fold/round-stage.js';
import type { CheckedLayer, CheckedStage } from '#convfuse/fold/stage-chain.js';
import { narrow, widen, type StoredArray } from '#convfuse/fold/stored.js';
import { sumStages, unionWindow } from '#convfuse/fold/sum-stages.js';
import type { FloatType } from '#convfuse/tensor/dtype.js';
import { Random } from '#convfuse/tensor/random.js';

import { rowsOf, windowOf } from '../helpers/linear-stage.js';

const C = 6;
const WIDE = windowOf([3, 3], { begin: [1, 1] });
const POINT = windowOf([1, 1]);

/** A layer with normal weights, as a file would hold it. */
function layer(
  random: Random,
  type: FloatType,
  groups: number,
  window: PaddedWindow,
  biased = true,
): CheckedLayer {
  const taps = window.kernel.reduce((a, b) => a * b, 1);
  const numbers = (count: number): StoredArray =>
    narrow(type, Float64Array.from(random.normals(count)));
  const [weight, bias] = [numbers((C * C * taps) / groups), numbers(C)];
  return {
    kind: 'layer',
    type,
    inputChannels: C,
    outputChannels: C,
    groups,
    window,
    weight: () => weight,
    bias: biased ? () => bias : undefined,
  };
}

function linear({
  type,
  inputChannels,
  outputChannels,
  groups,
  window,
  weight,
  bias,
}: CheckedLayer): LinearStage {
  const zeros = new Float64Array(outputChannels);
  const shape = { inputChannels, outputChannels, groups, window };
  return { ...shape, weight: widen(type, weight()), bias: bias ? widen(type, bias()) : zeros };
}

/** What RepVGG and DBB are made of, and the one layer that it comes to. */
function site(type: FloatType, seed: number): StagedSite {
  const random = new Random(seed);
  const [wide, point] = [layer(random, type, 2, WIDE), layer(random, type, 2, POINT)];
  const [first, second] = [layer(random, type, 2, POINT, false), layer(random, type, 2, WIDE)];
  const ones = new Float64Array(C).fill(1);
  const map = {
    gamma: ones.map(() => random.uniform() - 0.5),
    beta: ones.map(() => random.uniform()),
    mean: ones.map(() => random.uniform()),
    variance: ones.map(() => 0.5 + random.uniform()),
    epsilon: 1e-3,
  };
  const scale = map.gamma.map((g, c) => g / Math.sqrt(map.variance[c]! + map.epsilon));
  const shift = map.beta.map((b, c) => b - scale[c]! * map.mean[c]!);
  const diagonal = { inputChannels: C, outputChannels: C, groups: C };
  const norm = { ...diagonal, window: POINT, weight: scale, bias: shift };
  const mean = {
    ...diagonal,
    window: WIDE,
    weight: new Float64Array(9 * C).fill(1 / 9),
    bias: new Float64Array(C),
  };
  const row = composeStages(linear(first), linear(second), composeWindows(POINT, WIDE)!);
  const averaged = composeStages(mean, norm, composeWindows(WIDE, POINT)!);
  const identity = { ...norm, weight: ones, bias: new Float64Array(C) };
  const parts = [linear(wide), linear(point), norm, row, averaged, identity];
  const sum = sumStages(parts, unionWindow(parts.map(({ window }) => window))!);
  const rounded = roundStage(type, sum);
  if ('reason' in rounded) throw new Error(rounded.detail);
  const { inputChannels, outputChannels, groups, window } = sum;
  const branches: CheckedStage[][] = [
    [wide],
    [point],
    [{ kind: 'map', map }],
    [first, second],
    [
      { kind: 'mean', window: WIDE },
      { kind: 'map', map },
    ],
    [],
  ];
  return {
    type,
    inputChannels,
    branches,
    after: {
      kind: 'layer',
      type,
      inputChannels,
      outputChannels,
      groups,
      window,
      weight: () => rounded.weight,
      bias: () => rounded.bias,
    },
  };
}

/** The same site with its result spoilt. */
function spoilt(
  of: StagedSite,
  spoil: (weight: Float64Array, bias: Float64Array) => void,
): StagedSite {
  const { type, after } = of;
  const [weight, bias] = [widen(type, after.weight()).slice(), widen(type, after.bias!()).slice()];
  spoil(weight, bias);
  const [w, b] = [narrow(type, weight), narrow(type, bias)];
  return { ...of, after: { ...after, weight: () => w, bias: () => b } };
}

for (const type of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
  test(`a merge in ${type} stays below its bound, and any slip does not`, (t) => {
    for (let seed = 1; seed <= 20; seed++) {
      const good = site(type, seed);
      const { error, samples } = checkStages(good, seed);
      t.true(error <= 1, `${error}`);
      t.is(samples, 9 * C);
      // The bound is that of a whole sum: a single weight has to be off by more than its rounding.
      const coarse = { float64: 1e-4, float32: 1e-4, float16: 0.25, bfloat16: 1 }[type];
      const slips: Record<string, StagedSite> = {
        weight: spoilt(good, (weight) => (weight[seed]! += coarse)),
        bias: spoilt(good, (_, bias) => (bias[seed % C]! += coarse)),
        taps: spoilt(good, (weight) => weight.subarray(0, 9).reverse()),
        channels: spoilt(good, (weight) => weight.copyWithin(9, 18, 27)),
        groups: { ...good, after: { ...good.after, groups: C / 2, window: WIDE } },
        pads: {
          ...good,
          after: { ...good.after, window: windowOf([3, 3], { begin: [2, 1], end: [0, 1] }) },
        },
        size: { ...good, after: { ...good.after, window: windowOf([3, 3], { begin: [2, 2] }) } },
        lost: { ...good, branches: good.branches.slice(1) },
        twice: { ...good, branches: [...good.branches, []] },
      };
      for (const [name, slip] of Object.entries(slips)) {
        t.true(checkStages(slip, seed).error > 1, `${name} ${seed}`);
      }
    }
  });
}

test('pads between two stages are zeros, not the bias of the first', (t) => {
  const random = new Random(3);
  const [first, second] = [layer(random, 'float32', 1, POINT), layer(random, 'float32', 1, WIDE)];
  const both = composeStages(linear(first), linear(second), composeWindows(POINT, WIDE)!);
  const rounded = roundStage('float32', rowsOf(both));
  if ('reason' in rounded) return t.fail(rounded.detail);
  const merged: StagedSite = {
    type: 'float32',
    inputChannels: C,
    branches: [[first, second]],
    after: { ...second, weight: () => rounded.weight, bias: () => rounded.bias },
  };
  t.true(checkStages(merged, 1).error > 1000);
});
