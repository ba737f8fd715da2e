import { addProduct, type RowMatrix } from './add-product.js';
import {
  greatestCommonDivisor as gcd,
  hasPads,
  isPointwise,
  tapCount,
  type LinearStage,
  type PaddedWindow,
} from './linear-stage.js';

/**
 * The window of two convolutions in a row. One of them must be a single tap without pads: two wider
 * ones would need another kernel at the border than inside. Strides of the first spread the taps of
 * the second.
 *
 * @returns undefined where neither is a single tap
 */
export function composeWindows(
  first: PaddedWindow,
  second: PaddedWindow,
): PaddedWindow | undefined {
  const strides = first.strides.map((stride, axis) => stride * second.strides[axis]!);
  if (isPointwise(second)) return { ...first, strides };
  if (!isPointwise(first)) return undefined;
  const spread = (sizes: readonly number[]): number[] =>
    sizes.map((size, axis) => size * first.strides[axis]!);
  return {
    kernel: second.kernel,
    strides,
    dilations: spread(second.dilations),
    padding: { begin: spread(second.padding.begin), end: spread(second.padding.end) },
  };
}

/**
 * second(first(x)) as one stage: W'[o, i, t] = sum over m of W2[o, m, t] W1[m, i] for a first of
 * one tap, W2[o, m] W1[m, i, t] for a second of one, and b' = b2 + sum over m and t of W2 b1. (Ding
 * et al. 2021, Diverse Branch Block, transform III.)
 *
 * The second pads with 0, not with b1, so a first with a bias needs a second without pads.
 *
 * @param window the result of composeWindows()
 */
export function composeStages(
  before: LinearStage,
  behind: LinearStage,
  window: PaddedWindow,
): LinearStage {
  const [first, second] = [inDouble(before), inDouble(behind)];
  const { inputChannels } = first;
  const { outputChannels } = second;
  const groups = gcd(first.groups, second.groups);
  const inputs = inputChannels / groups;
  const taps = tapCount(window);
  const weight = new Float64Array(outputChannels * inputs * taps);
  for (const block of middleBlocks(first, second)) {
    const group = Math.floor((block.outputs.start * groups) / outputChannels);
    const column = (block.input - group * inputs) * taps;
    const to = { data: weight, start: column, rowStep: inputs * taps };
    if (isPointwise(second.window)) throughPoint(first, second, block, to);
    else fromPoint(first, second, block, to);
  }
  const bias = second.bias.slice();
  const each = second.weight.length / outputChannels;
  const secondTaps = tapCount(second.window);
  for (let o = 0; o < outputChannels; o++) {
    const start = Math.floor((o * second.groups) / outputChannels) * (each / secondTaps);
    for (let at = 0; at < each; at++) {
      bias[o]! += second.weight[o * each + at]! * first.bias[start + Math.floor(at / secondTaps)]!;
    }
  }
  return { inputChannels, outputChannels, groups, window, weight, bias };
}

/** The stage with its weights in double: they are read many times, so they are converted once. */
function inDouble(stage: LinearStage): DoubleStage {
  const { weight } = stage;
  return { ...stage, weight: weight instanceof Float64Array ? weight : new Float64Array(weight) };
}

type DoubleStage = LinearStage & { readonly weight: Float64Array };

interface Range {
  readonly start: number;
  readonly count: number;
}

/**
 * Channels between two stages that belong to one group of the first and one of the second, so that
 * they share inputs and outputs.
 */
interface MiddleBlock {
  readonly middles: Range;
  readonly outputs: Range;
  /** The first input channel of their group in the first stage. */
  readonly input: number;
  /** The position of the first of these channels in its group of the second stage. */
  readonly before: number;
}

function* middleBlocks(first: LinearStage, second: LinearStage): Generator<MiddleBlock> {
  const perFirstGroup = second.inputChannels / first.groups;
  const perSecondGroup = second.inputChannels / second.groups;
  const count = second.outputChannels / second.groups;
  for (let group = 0; group < second.groups; group++) {
    const end = (group + 1) * perSecondGroup;
    for (let start = group * perSecondGroup; start < end;) {
      const firstGroup = Math.floor(start / perFirstGroup);
      const stop = Math.min(end, (firstGroup + 1) * perFirstGroup);
      yield {
        middles: { start, count: stop - start },
        outputs: { start: group * count, count },
        input: firstGroup * (first.inputChannels / first.groups),
        before: start - group * perSecondGroup,
      };
      start = stop;
    }
  }
}

/** Adds the products over one block of the channels between to W'. */
type Composition = (
  first: DoubleStage,
  second: DoubleStage,
  block: MiddleBlock,
  to: RowMatrix,
) => void;

/** For a pointwise second stage: W'[o, (i, t)] += W2[o, m] W1[m, (i, t)]. */
const throughPoint: Composition = (first, second, { middles, outputs, before }, to) => {
  const row = first.weight.length / first.outputChannels;
  const seen = second.inputChannels / second.groups;
  const start = outputs.start * seen + before;
  addProduct(
    [outputs.count, middles.count, row],
    { data: second.weight, start, rowStep: seen, columnStep: 1 },
    { data: first.weight, start: middles.start * row, rowStep: row },
    { ...to, start: to.start + outputs.start * to.rowStep },
  );
};

/**
 * For a pointwise first stage: W'[o, i, t] += W2[o, m, t] W1[m, i]. Computed as [t, i], since rows
 * of inputs are long, and then transposed.
 */
const fromPoint: Composition = (first, second, { middles, outputs, before }, to) => {
  const row = first.weight.length / first.outputChannels;
  const seen = second.inputChannels / second.groups;
  const taps = tapCount(second.window);
  const turned = new Float64Array(taps * row);
  for (let o = outputs.start; o < outputs.start + outputs.count; o++) {
    const start = (o * seen + before) * taps;
    addProduct(
      [taps, middles.count, row],
      { data: second.weight, start, rowStep: 1, columnStep: taps },
      { data: first.weight, start: middles.start * row, rowStep: row },
      { data: turned.fill(0), start: 0, rowStep: row },
    );
    const base = to.start + o * to.rowStep;
    for (let i = 0; i < row; i++) {
      for (let t = 0; t < taps; t++) to.data[base + i * taps + t] = turned[t * row + i]!;
    }
  }
};

/** Multiply-adds that composing two stages of these sizes takes. */
export function productMacs(
  first: Omit<LinearStage, 'weight' | 'bias'>,
  second: Omit<LinearStage, 'weight' | 'bias'>,
): number {
  const rows = (first.inputChannels / first.groups) * tapCount(first.window);
  const sums = second.outputChannels * (second.inputChannels / second.groups);
  return rows * sums * tapCount(second.window);
}

/** Whether a bias added in front of this window would be missing at its pads. */
export function losesBias({ padding }: PaddedWindow, bias: Float64Array): boolean {
  return hasPads(padding) && bias.some((value) => value !== 0);
}
