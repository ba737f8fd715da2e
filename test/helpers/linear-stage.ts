// Stages of branches for tests: random ones of small whole numbers, and what they make of an image.

import type { LinearStage, PaddedWindow, StageRows } from '#convfuse/fold/linear-stage.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Random } from '#convfuse/tensor/random.js';
import { resolveWindow } from '#convfuse/tensor/window.js';

/** [channels, ...sizes], row major. */
export interface PlainImage {
  readonly sizes: readonly number[];
  readonly data: Float64Array;
}

export function randomImage(
  random: Random,
  channels: number,
  sizes: readonly number[],
): PlainImage {
  const data = Float64Array.from({ length: channels * elementCount(sizes) }, () =>
    random.integer(-4, 4),
  );
  return { sizes, data };
}

export function randomStage(
  random: Random,
  shape: Pick<LinearStage, 'inputChannels' | 'outputChannels' | 'groups' | 'window'>,
): LinearStage {
  const { inputChannels, outputChannels, groups, window } = shape;
  const count = (outputChannels * inputChannels * elementCount(window.kernel)) / groups;
  const numbers = (length: number): Float64Array =>
    Float64Array.from({ length }, () => random.integer(-4, 4));
  return { ...shape, weight: numbers(count), bias: numbers(outputChannels) };
}

/** A stage as one whose outputs are computed one by one. */
export function rowsOf({ weight, ...shape }: LinearStage): StageRows {
  const length = weight.length / shape.outputChannels;
  return { ...shape, row: (o) => Float64Array.from(weight.subarray(o * length, (o + 1) * length)) };
}

/** The other way round. */
export function wholeOf({ row, ...shape }: StageRows): LinearStage {
  const rows = Array.from({ length: shape.outputChannels }, (_, o) => [...row(o)]);
  return { ...shape, weight: Float64Array.from(rows.flat()) };
}

/** All indices of an array of these sizes, row major. */
export function indicesOf(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (outer, size) => outer.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])),
    [[]],
  );
}

/** The definition of a convolution, as loops. */
export function runStage(stage: LinearStage, image: PlainImage): PlainImage {
  const { inputChannels, outputChannels, groups, window, weight, bias } = stage;
  const { kernel, strides, dilations, padding } = window;
  const sizes = resolveWindow(window, image.sizes).output;
  const [inputs, outputs] = [inputChannels / groups, outputChannels / groups];
  const pixels = elementCount(image.sizes);
  const taps = indicesOf(kernel);
  const data: number[] = [];
  for (let o = 0; o < outputChannels; o++) {
    for (const place of indicesOf(sizes)) {
      let sum = bias[o]!;
      taps.forEach((tap, t) => {
        const at = place.map(
          (p, axis) => p * strides[axis]! - padding.begin[axis]! + tap[axis]! * dilations[axis]!,
        );
        if (at.some((x, axis) => x < 0 || x >= image.sizes[axis]!)) return;
        const pixel = at.reduce((index, x, axis) => index * image.sizes[axis]! + x, 0);
        for (let i = 0; i < inputs; i++) {
          const channel = Math.floor(o / outputs) * inputs + i;
          sum +=
            weight[(o * inputs + i) * taps.length + t]! * image.data[channel * pixels + pixel]!;
        }
      });
      data.push(sum);
    }
  }
  return { sizes, data: Float64Array.from(data) };
}

/** A window of these sizes, dilated where told. */
export function windowOf(
  kernel: readonly number[],
  parts: {
    begin?: readonly number[];
    end?: readonly number[];
    strides?: readonly number[];
    dilations?: readonly number[];
  } = {},
): PaddedWindow {
  const ones = kernel.map(() => 1);
  const begin = parts.begin ?? kernel.map(() => 0);
  return {
    kernel,
    strides: parts.strides ?? ones,
    dilations: parts.dilations ?? ones,
    padding: { begin, end: parts.end ?? begin },
  };
}
