import {
  greatestCommonDivisor as gcd,
  hasPads,
  isPointwise,
  tapCount,
  type LinearStage,
  type PaddedWindow,
} from './linear-stage.js';

/**
 * The window of two in a row. One of them has to be a single tap, without pads: two wider ones
 * would need one kernel at the border and another inside. A first that strides spreads the taps of
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
 * one tap, W2[o, m] W1[m, i, t] for a second of one, and b' = b2 + sum over m and t of W2 b1.
 * (Ding et al. 2021, Diverse Branch Block, transform III.)
 *
 * What the second pads with is 0, not b1: a first with a bias needs a second without pads.
 *
 * @param window as composeWindows has it
 */
export function composeStages(
  first: LinearStage,
  second: LinearStage,
  window: PaddedWindow,
): LinearStage {
  const { inputChannels } = first;
  const { outputChannels } = second;
  const groups = gcd(first.groups, second.groups);
  const inputs = inputChannels / groups;
  const taps = tapCount(window);
  const weight = new Float64Array(outputChannels * inputs * taps);
  const bias = second.bias.slice();
  const [ownInputs, middles] = [inputChannels / first.groups, second.inputChannels / second.groups];
  const [firstTaps, secondTaps] = [tapCount(first.window), tapCount(second.window)];
  for (let o = 0, at = 0; o < outputChannels; o++) {
    const group = Math.floor((o * groups) / outputChannels);
    const start = Math.floor((o * second.groups) / outputChannels) * middles;
    for (let m = start; m < start + middles; m++) {
      const from = m * ownInputs * firstTaps;
      const own = Math.floor((m * first.groups) / second.inputChannels);
      const to = (o * inputs + own * ownInputs - group * inputs) * taps;
      if (secondTaps === 1) {
        const factor = second.weight[at]!;
        const count = ownInputs * firstTaps;
        for (let i = 0; i < count; i++) weight[to + i]! += factor * first.weight[from + i]!;
      } else {
        for (let i = 0; i < ownInputs; i++) {
          const factor = first.weight[from + i]!;
          const row = to + i * taps;
          for (let t = 0; t < secondTaps; t++) weight[row + t]! += factor * second.weight[at + t]!;
        }
      }
      for (const end = at + secondTaps; at < end; at++) {
        bias[o]! += second.weight[at]! * first.bias[m]!;
      }
    }
  }
  return { inputChannels, outputChannels, groups, window, weight, bias };
}

/** Multiply-adds that composing two stages of these sizes takes. */
export function productMacs(
  first: Omit<LinearStage, 'weight' | 'bias'>,
  second: Omit<LinearStage, 'weight' | 'bias'>,
): number {
  const rows = (first.inputChannels / first.groups) * tapCount(first.window);
  const sums = second.outputChannels * (second.inputChannels / second.groups);
  return rows * sums * tapCount(second.window);
}

/** Whether a bias in front of this window would be missing where it reads pads. */
export function losesBias({ padding }: PaddedWindow, bias: Float64Array): boolean {
  return hasPads(padding) && bias.some((value) => value !== 0);
}
