import test from 'ava';

import { growthOf } from '#convfuse/fold/linear-stage.js';
import { sumStages, unionWindow } from '#convfuse/fold/sum-stages.js';
import { Random } from '#convfuse/tensor/random.js';

import { randomImage, randomStage, runStage, wholeOf, windowOf } from '../helpers/linear-stage.js';

test('a 1x1 lies in the middle of a padded 3x3', (t) => {
  const wide = windowOf([3, 3], { begin: [1, 1] });
  t.deepEqual(unionWindow([windowOf([1, 1]), wide]), wide);
});

test('a 1x3 and a 3x1 make a 3x3', (t) => {
  const [row, column] = [windowOf([1, 3], { begin: [0, 1] }), windowOf([3, 1], { begin: [1, 0] })];
  t.deepEqual(unionWindow([row, column]), windowOf([3, 3], { begin: [1, 1] }));
});

test('the dilation of the union is the largest whose taps meet all', (t) => {
  const dense = windowOf([5], { begin: [2] });
  t.deepEqual(unionWindow([dense, windowOf([3], { begin: [2], dilations: [2] })]), dense);
  const spread = windowOf([3], { begin: [4], dilations: [4] });
  const inner = windowOf([3], { begin: [2], dilations: [2] });
  t.deepEqual(unionWindow([spread, inner]), windowOf([5], { begin: [4], dilations: [2] }));
  // With one tap the dilation does not matter, and of single taps alone it is 1.
  t.deepEqual(unionWindow([spread, windowOf([1], { dilations: [3] })]), spread);
  t.deepEqual(unionWindow([windowOf([1], { dilations: [3] })]), windowOf([1]));
});

test('other strides or sizes of outputs have no union', (t) => {
  t.is(unionWindow([windowOf([3]), windowOf([1])]), undefined);
  t.is(unionWindow([windowOf([1]), windowOf([1], { strides: [2] })]), undefined);
  t.is(unionWindow([windowOf([3, 1], { begin: [1, 0] }), windowOf([1, 3])]), undefined);
});

for (const rank of [1, 2, 3]) {
  test(`a sum of stages computes the sum of what they compute: ${rank} axes`, (t) => {
    const random = new Random(10 + rank);
    for (let run = 0; run < 200; run++) {
      const axes = Array.from({ length: rank }, () => 0);
      const list = (from: number, to: number): number[] => axes.map(() => random.integer(from, to));
      const strides = list(1, 2);
      const stages = Array.from({ length: random.integer(1, 4) }, () => {
        const [kernel, dilations] = [list(1, 3), list(1, 2)];
        const spans = kernel.map((size, axis) => dilations[axis]! * (size - 1));
        // Any split of pads that keep the size.
        const begin = spans.map((span) => random.integer(0, span));
        const end = spans.map((span, axis) => span - begin[axis]!);
        return randomStage(random, {
          inputChannels: 4,
          outputChannels: 8,
          groups: [1, 2, 4][random.integer(0, 2)]!,
          window: windowOf(kernel, { begin, end, strides, dilations }),
        });
      });
      const window = unionWindow(stages.map((stage) => stage.window))!;
      t.deepEqual(growthOf(window), axes);
      const sum = wholeOf(sumStages(stages, window));
      t.is(sum.groups, Math.min(...stages.map(({ groups }) => groups)));
      const image = randomImage(random, 4, list(2, 7));
      const parts = stages.map((stage) => runStage(stage, image));
      const expected = parts[0]!.data.map((_, at) =>
        parts.reduce((total, part) => total + part.data[at]!, 0),
      );
      t.deepEqual(runStage(sum, image), { sizes: parts[0]!.sizes, data: expected });
    }
  });
}
