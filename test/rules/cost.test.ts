import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import {
  copyWork,
  layerWork,
  positionsOf,
  sumWork,
  timeOf,
  weigh,
  type Work,
} from '#convfuse/rules/cost.js';

import { inferredFacts } from '../helpers/compare-fused.js';

const WINDOW = {
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  padding: { begin: [1, 1], end: [1, 1] },
} as const;
const GEOMETRY = {
  inputChannels: 8,
  outputChannels: 16,
  groups: 2,
  window: WINDOW,
  transposed: false,
};

test('a layer: multiply-adds, input, output and weights', (t) => {
  const work = layerWork(GEOMETRY, { input: 100, output: 25 }, 4);
  t.deepEqual(work, { macs: 25 * 16 * 4 * 9, bytes: 4 * (800 + 400 + 16 * 4 * 9), launches: 1 });
});

test('work adds up; time grows with each part of it', (t) => {
  const zero: Work = { macs: 0, bytes: 0, launches: 0 };
  t.deepEqual(sumWork(), zero);
  t.deepEqual(sumWork(copyWork(10, 4), copyWork(5, 2)), { macs: 0, bytes: 100, launches: 2 });
  t.is(timeOf(zero), 0);
  for (const part of ['macs', 'bytes', 'launches'] as const) {
    t.true(timeOf({ ...zero, [part]: 2 }) > timeOf({ ...zero, [part]: 1 }), part);
  }
});

test('grouped layers on one input: to put interleaved outputs in order takes longer than a layer', (t) => {
  for (const channels of [8, 64, 512]) {
    for (const groups of [2, channels]) {
      for (const pixels of [1, 49, 3136]) {
        const geometry = { ...GEOMETRY, inputChannels: channels, outputChannels: channels, groups };
        const at = { input: pixels, output: pixels };
        const one = layerWork(geometry, at, 4);
        const both = layerWork({ ...geometry, outputChannels: 2 * channels }, at, 4);
        const inOrder = copyWork(2 * channels * pixels, 4);
        t.true(timeOf(sumWork(both, inOrder)) > timeOf(sumWork(one, one)));
      }
    }
  }
});

test('positions: pixels of a batch, rows of a matrix, nothing where a size is unknown', (t) => {
  const positions = (text: string) => {
    const layer = [...parseText(text).graph.nodes()][0]!;
    return positionsOf(layer, inferredFacts());
  };
  const conv = 'W: float[4, 4, 3, 3]\ny = Conv<strides = [2, 2]>(x, W)';
  t.deepEqual(positions(`x: input float[2, 4, 9, 7]\n${conv}`), { input: 126, output: 24 });
  t.deepEqual(positions(`x: input float[?, 4, 9, 7]\n${conv}`), { input: 63, output: 12 });
  t.is(positions(`x: input float[1, 4, ?, 7]\n${conv}`), undefined);
  const product = 'W: float[5, 4]\ny = MatMul(x, W)';
  t.deepEqual(positions(`x: input float[2, 3, 5]\n${product}`), { input: 6, output: 6 });
});

test('a rewrite pays, or is refused, with the numbers of both sides', (t) => {
  const work = (launches: number, macs: number) => () => ({ launches, macs, bytes: 40 });
  const here = { input: 1, output: 1 };
  const fewer = weigh({ before: work(2, 10), after: work(1, 500) }, here);
  t.regex(
    fewer as string,
    /\(500 MACs, 40 bytes, 1 kernel\) instead of .*\(10 MACs, .*2 kernels\)$/,
  );
  const more = weigh({ before: work(1, 10), after: work(1, 11) }, here);
  t.like(more, { reason: 'cost' });
  t.is(
    (weigh({ before: work(1, 10), after: work(1, 10) }, here) as { reason: string }).reason,
    'cost',
  );
});

test('without a size, it must pay at every one', (t) => {
  const growing = {
    before: () => work(2, 0),
    after: ({ output }: { output: number }) => work(1, output),
  };
  function work(launches: number, macs: number): Work {
    return { launches, macs, bytes: 0 };
  }
  t.is(typeof weigh(growing, { input: 1, output: 1 }), 'string');
  const refusal = weigh(growing, undefined) as { detail: string };
  t.regex(refusal.detail, /if the image has 1048576 pixels$/);
});
