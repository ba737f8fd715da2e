import test from 'ava';

import { composeStages, composeWindows, productMacs } from '#convfuse/fold/compose-stages.js';
import { Random } from '#convfuse/tensor/random.js';

import { randomImage, randomStage, runStage, windowOf } from '../helpers/linear-stage.js';

const pick = <T>(random: Random, items: readonly T[]): T =>
  items[random.integer(0, items.length - 1)]!;

for (const rank of [1, 2, 3]) {
  test(`a stage of two computes what the two do: ${rank} axes`, (t) => {
    const random = new Random(rank);
    for (let run = 0; run < (rank === 3 ? 20 : 200); run++) {
      const list = (from: number, to: number): number[] =>
        Array.from({ length: rank }, () => random.integer(from, to));
      const point = windowOf(list(1, 1), { strides: list(1, 3) });
      const wide = windowOf(list(1, 3), {
        begin: list(0, 2),
        end: list(0, 2),
        strides: list(1, 2),
        dilations: list(1, 2),
      });
      const pointFirst = random.uniform() < 0.5;
      const [groups, others] = [pick(random, [1, 2, 4]), pick(random, [1, 2, 4])];
      const first = randomStage(random, {
        inputChannels: 4,
        outputChannels: 8,
        groups,
        window: pointFirst ? point : wide,
      });
      const second = randomStage(random, {
        inputChannels: 8,
        outputChannels: 4,
        groups: others,
        window: pointFirst ? wide : point,
      });
      // What is padded behind it sees no bias.
      if (pointFirst) first.bias.fill(0);
      const window = composeWindows(first.window, second.window)!;
      const both = composeStages(first, second, window);
      t.is(both.groups, Math.min(groups, others));
      const image = randomImage(random, 4, list(13, rank === 3 ? 13 : 16));
      const expected = runStage(second, runStage(first, image));
      t.deepEqual(runStage(both, image), expected);
    }
  });
}

test('a bias goes through a second stage without pads', (t) => {
  const random = new Random(5);
  const [point, wide] = [windowOf([1, 1], { strides: [2, 1] }), windowOf([3, 2])];
  const first = randomStage(random, {
    inputChannels: 3,
    outputChannels: 5,
    groups: 1,
    window: point,
  });
  const second = randomStage(random, {
    inputChannels: 5,
    outputChannels: 2,
    groups: 1,
    window: wide,
  });
  const both = composeStages(first, second, composeWindows(point, wide)!);
  const image = randomImage(random, 3, [8, 5]);
  t.deepEqual(runStage(both, image), runStage(second, runStage(first, image)));
});

test('two windows of more than one tap, or with pads, have none in common', (t) => {
  const padded = windowOf([1, 1], { begin: [1, 0] });
  t.is(composeWindows(windowOf([3, 3]), windowOf([3, 3])), undefined);
  t.is(composeWindows(padded, windowOf([3, 3])), undefined);
  t.is(composeWindows(windowOf([1, 3]), padded), undefined);
  t.deepEqual(composeWindows(padded, windowOf([1, 1])), padded);
});

test('what a product takes to compute', (t) => {
  const random = new Random(1);
  const first = randomStage(random, {
    inputChannels: 4,
    outputChannels: 6,
    groups: 2,
    window: windowOf([1]),
  });
  const second = randomStage(random, {
    inputChannels: 6,
    outputChannels: 5,
    groups: 1,
    window: windowOf([3]),
  });
  t.is(productMacs(first, second), 5 * 6 * 3 * 2);
});
