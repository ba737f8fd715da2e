import { elementCount } from '../tensor/shape.js';
import { dilatedExtent, resolveWindow, type Window } from '../tensor/window.js';

/**
 * A layer that is linear in its input: a convolution, or a matrix product, whose kernel has no
 * axes.
 */
export interface LayerGeometry {
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
  readonly window: Window;
  /** The weight is [C, M/groups, ...kernel], not [M, C/groups, ...kernel]. */
  readonly transposed: boolean;
  /** Rows of the bias, where a matrix product adds a different bias to each row. */
  readonly biasRows?: number;
}

/** An output position, with the taps that fall inside the input. */
export interface SamplePosition {
  readonly biasRow: number;
  readonly taps: readonly number[];
  /** By tap, the index of its place in the input. */
  readonly places: readonly number[];
}

/**
 * Output positions at the corners, on the borders and inside of an image just large enough to have
 * them all. The formula of a fold holds at every size, so the image of a check need not be the
 * model's.
 */
export function samplePositions(geometry: LayerGeometry): SamplePosition[] {
  const { window, biasRows = 1 } = geometry;
  const rank = window.kernel.length;
  if (rank === 0) {
    return [0, biasRows >> 1, biasRows - 1].map((biasRow, at) => ({
      biasRow,
      taps: [0],
      places: [at],
    }));
  }
  const axes = geometry.transposed ? transposedAxes(window) : convolutionAxes(window);
  return choicesOfThree(rank).map((choice) => combine(axes, window.kernel, choice));
}

/** The same positions as samplePositions() has, as coordinates in an output of the given sizes. */
export function sampleCoordinates(output: readonly number[]): number[][] {
  const choices = choicesOfThree(output.length);
  return choices.map((choice) => choice.map((at, axis) => firstMiddleLast(output[axis]!)[at]!));
}

/**
 * Combinations of the first (0), middle (1) or last (2) place of each axis, at most nine: all of
 * them in two dimensions; in three, both extremes and the centre are among them.
 */
function choicesOfThree(rank: number): number[][] {
  const combinations = 3 ** rank;
  const count = Math.min(combinations, 9);
  return Array.from({ length: count }, (_, at) => {
    const combination = Math.round((at * (combinations - 1)) / (count - 1));
    return Array.from(
      { length: rank },
      (_, axis) => Math.floor(combination / 3 ** (rank - 1 - axis)) % 3,
    );
  });
}

interface AxisSamples {
  readonly size: number;
  /**
   * For the first, the middle and the last output coordinate: its taps, with their input
   * coordinates.
   */
  readonly covered: readonly (readonly { readonly tap: number; readonly at: number }[])[];
}

/** Sizes of an image that has outputs at its corners, on its borders and inside. */
export function imageSizes({ kernel, strides, dilations, padding }: Window): number[] {
  return kernel.map((size, axis) => {
    const explicit = typeof padding === 'string' ? 0 : padding.begin[axis]! + padding.end[axis]!;
    const extent = dilatedExtent(size, dilations[axis]!);
    return extent + 2 * strides[axis]! + 1 + Math.max(0, -explicit);
  });
}

function convolutionAxes(window: Window): AxisSamples[] {
  const { kernel, strides, dilations } = window;
  const sizes = imageSizes(window);
  const { padBegin, output } = resolveWindow(window, sizes);
  return kernel.map((taps, axis) => {
    const covered = firstMiddleLast(output[axis]!).map((out) =>
      tapsWhere(
        taps,
        (tap) => out * strides[axis]! - padBegin[axis]! + tap * dilations[axis]!,
        sizes[axis]!,
      ),
    );
    return { size: sizes[axis]!, covered };
  });
}

function transposedAxes(window: Window): AxisSamples[] {
  const { kernel, strides, dilations, padding } = window;
  return kernel.map((taps, axis) => {
    const stride = strides[axis]!;
    const extent = dilatedExtent(taps, dilations[axis]!);
    const size = Math.ceil(extent / stride) + 2;
    // Automatic padding crops the output. The formula holds for any crop, so none is applied.
    const begin = typeof padding === 'string' ? 0 : padding.begin[axis]!;
    const end = typeof padding === 'string' ? 0 : padding.end[axis]!;
    const output = Math.max(1, (size - 1) * stride + extent - begin - end);
    const covered = firstMiddleLast(output).map((out) =>
      tapsWhere(taps, (tap) => (out + begin - tap * dilations[axis]!) / stride, size),
    );
    return { size, covered };
  });
}

function firstMiddleLast(size: number): number[] {
  return [0, size >> 1, size - 1];
}

function tapsWhere(taps: number, place: (tap: number) => number, size: number) {
  const found: { tap: number; at: number }[] = [];
  for (let tap = 0; tap < taps; tap++) {
    const at = place(tap);
    if (Number.isInteger(at) && at >= 0 && at < size) found.push({ tap, at });
  }
  return found;
}

function combine(
  axes: readonly AxisSamples[],
  kernel: readonly number[],
  choice: readonly number[],
): SamplePosition {
  let taps = [0];
  let places = [0];
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const here = axes[axis]!.covered[choice[axis]!]!;
    const tapStep = elementCount(kernel.slice(axis + 1));
    const placeStep = elementCount(axes.slice(axis + 1).map((other) => other.size));
    taps = here.flatMap(({ tap }) => taps.map((inner) => tap * tapStep + inner));
    places = here.flatMap(({ at }) => places.map((inner) => at * placeStep + inner));
  }
  return { biasRow: 0, taps, places };
}
