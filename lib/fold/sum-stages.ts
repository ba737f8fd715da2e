import {
  greatestCommonDivisor as gcd,
  growthOf,
  tapCount,
  type LinearStage,
  type PaddedWindow,
  type StageRows,
} from './linear-stage.js';

/**
 * The smallest window that has all taps of the given windows, for outputs of the same size: kernels
 * are padded with zeros on the sides that they lack, and the dilation is the largest whose taps
 * include all. A 3x3 with pads of 1 includes a 1x1 without pads; a 1x3 and a 3x1 make a 3x3. The
 * dilation of an axis with one tap does not matter.
 *
 * @returns undefined where the strides or the sizes of the outputs differ
 */
export function unionWindow(windows: readonly PaddedWindow[]): PaddedWindow | undefined {
  const [first] = windows as [PaddedWindow];
  const growth = growthOf(first);
  const like = windows.every(
    (window) =>
      `${window.strides.join()}:${growthOf(window).join()}` ===
      `${first.strides.join()}:${growth.join()}`,
  );
  if (!like) return undefined;
  const axes = growth.map((grown, axis) => unionAxis(windows, axis, grown));
  return {
    kernel: axes.map(({ size }) => size),
    strides: first.strides,
    dilations: axes.map(({ step }) => step),
    padding: { begin: axes.map(({ begin }) => begin), end: axes.map(({ end }) => end) },
  };
}

function unionAxis(windows: readonly PaddedWindow[], axis: number, growth: number) {
  const spans = windows.map(({ kernel, dilations, padding }) => {
    const begin = padding.begin[axis]!;
    const [size, dilation] = [kernel[axis]!, dilations[axis]!];
    // `begin` and `last` are distances from the output position: to the first tap, backwards, and
    // to the last.
    return { begin, last: dilation * (size - 1) - begin, step: size === 1 ? 0 : dilation };
  });
  const begin = Math.max(...spans.map((span) => span.begin));
  const last = Math.max(...spans.map((span) => span.last));
  const common = spans.reduce((step, span) => gcd(gcd(step, span.step), begin - span.begin), 0);
  const step = common === 0 ? 1 : common;
  return { size: (begin + last) / step + 1, step, begin, end: growth + last };
}

/** The index of each tap of a window among the taps of a union that includes it. */
function tapPlaces(window: PaddedWindow, union: PaddedWindow): number[] {
  let places = [0];
  window.kernel.forEach((size, axis) => {
    const shift = union.padding.begin[axis]! - window.padding.begin[axis]!;
    const at = Array.from(
      { length: size },
      (_, tap) => (tap * window.dilations[axis]! + shift) / union.dilations[axis]!,
    );
    places = places.flatMap((outer) => at.map((tap) => outer * union.kernel[axis]! + tap));
  });
  return places;
}

/**
 * The sum of stages on one input as one stage: kernels are added where their taps coincide, and
 * biases are added. The number of groups is the largest that divides those of all stages; a stage
 * with more groups becomes block diagonal. (Ding et al. 2021, RepVGG, section 3.3; Ding et al.
 * 2021, Diverse Branch Block, transforms II and VI.)
 *
 * @param stages of equal channels
 * @param window their unionWindow()
 */
export function sumStages(stages: readonly LinearStage[], window: PaddedWindow): StageRows {
  const { inputChannels, outputChannels } = stages[0]!;
  const groups = stages.reduce((common, stage) => gcd(common, stage.groups), 0);
  const taps = tapCount(window);
  const inputs = inputChannels / groups;
  const bias = new Float64Array(outputChannels);
  for (const stage of stages) for (let o = 0; o < outputChannels; o++) bias[o]! += stage.bias[o]!;
  const parts = stages.map((stage) => ({
    stage,
    places: Int32Array.from(tapPlaces(stage.window, window)),
  }));
  // A stage with all taps of all channels initialises the row, and the others are added to it.
  const base = parts.find(({ stage, places }) => stage.groups === groups && places.length === taps);
  const others = parts.filter((part) => part !== base);
  const sums = new Float64Array(inputs * taps);
  const scratch = new Float64Array(inputs * taps);
  const row = (o: number): Float64Array => {
    if (base === undefined) sums.fill(0);
    else sums.set(base.stage.weight.subarray(o * sums.length, (o + 1) * sums.length));
    const group = Math.floor((o * groups) / outputChannels);
    for (const { stage, places } of others) {
      const own = inputChannels / stage.groups;
      const ownGroup = Math.floor((o * stage.groups) / outputChannels);
      const start = (ownGroup * own - group * inputs) * taps;
      // Copied to one kind of array, so that the loop in addTaps() stays monomorphic and fast.
      const count = own * places.length;
      scratch.set(stage.weight.subarray(o * count, (o + 1) * count));
      addTaps(sums, { start, step: taps, channels: own }, scratch, places);
    }
    return sums;
  };
  return { inputChannels, outputChannels, groups, window, bias, row };
}

/** Adds the weights of some input channels, tap t at `places[t]`. */
function addTaps(
  sums: Float64Array,
  { start, step, channels }: { start: number; step: number; channels: number },
  weight: Float64Array,
  places: Int32Array,
): void {
  const { length } = places;
  for (let tap = 0; tap < length; tap++) {
    let to = start + places[tap]!;
    let from = tap;
    for (let c = 0; c < channels; c++, to += step, from += length) sums[to]! += weight[from]!;
  }
}
