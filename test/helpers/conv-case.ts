// Random convolutions, and the definition of a convolution written as directly as can be.

import fc from 'fast-check';

import { IDENTITY, type Activation } from '#convfuse/backend/activation.js';
import type { ConvSpec, FloatArray } from '#convfuse/backend/backend.js';
import { convShape } from '#convfuse/backend/conv-shape.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Padding } from '#convfuse/tensor/window.js';

export interface ConvCase {
  readonly spec: ConvSpec;
  readonly dims: readonly number[];
  readonly x: Float32Array;
  readonly residual: Float32Array | undefined;
}

interface Shape {
  readonly rank: number;
  readonly groups: number;
  readonly inPerGroup: number;
  readonly outPerGroup: number;
  readonly batch: number;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly same: 'same-upper' | 'same-lower' | undefined;
  readonly transposed: boolean;
  readonly bias: boolean;
  readonly residual: boolean;
  readonly seed: number;
}

const three = (low: number, high: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: low, max: high }), { minLength: 3, maxLength: 3 });

const shapes: fc.Arbitrary<Shape> = fc.record({
  rank: fc.constantFrom(1, 2, 2, 2, 3),
  groups: fc.constantFrom(1, 1, 1, 2, 3, 8),
  inPerGroup: fc.constantFrom(1, 1, 2, 3, 7, 17),
  outPerGroup: fc.constantFrom(1, 1, 2, 5, 9, 33),
  batch: fc.constantFrom(1, 1, 2, 3),
  input: three(1, 19),
  kernel: three(1, 4),
  strides: three(1, 3),
  dilations: three(1, 3),
  pads: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 6, maxLength: 6 }),
  same: fc.constantFrom(undefined, undefined, undefined, 'same-upper', 'same-lower'),
  transposed: fc.constantFrom(false, false, true),
  bias: fc.boolean(),
  residual: fc.boolean(),
  seed: fc.nat(),
});

/**
 * Convolutions of all kinds and awkward sizes that have an output.
 *
 * @param integers whole numbers small enough for float32 sums to be exact
 */
export function convCases(
  integers: boolean,
  activation: fc.Arbitrary<Activation> = fc.constant(IDENTITY),
): fc.Arbitrary<ConvCase> {
  return fc
    .tuple(shapes, activation)
    .map(([shape, chosen]) => build(shape, chosen, integers))
    .filter((made) => made !== undefined);
}

function build(shape: Shape, activation: Activation, integers: boolean): ConvCase | undefined {
  const { rank, groups, inPerGroup, outPerGroup, transposed } = shape;
  const random = new Random(shape.seed);
  const numbers = (count: number): Float32Array =>
    integers ? random.integers(count, -8, 8) : random.normals(count);
  const kernel = shape.kernel.slice(0, rank);
  const padding: Padding = shape.same ?? {
    begin: shape.pads.slice(0, rank),
    end: shape.pads.slice(3, 3 + rank),
  };
  const strides = shape.strides.slice(0, rank);
  const spec: ConvSpec = {
    weight: numbers(groups * inPerGroup * outPerGroup * elementCount(kernel)),
    bias: shape.bias ? numbers(groups * outPerGroup) : undefined,
    inputChannels: groups * inPerGroup,
    outputChannels: groups * outPerGroup,
    groups,
    window: { kernel, strides, dilations: shape.dilations.slice(0, rank), padding },
    transposed: transposed
      ? { outputPadding: strides.map((stride, axis) => (shape.pads[axis]! + axis) % stride) }
      : undefined,
    activation,
    precision: 'strict',
    threads: undefined,
  };
  const dims = [shape.batch, groups * inPerGroup, ...shape.input.slice(0, rank)];
  try {
    const outSize = shape.batch * spec.outputChannels * elementCount(convShape(spec, dims).output);
    if (outSize === 0) return undefined;
    return {
      spec,
      dims,
      x: numbers(elementCount(dims)),
      residual: shape.residual ? numbers(outSize) : undefined,
    };
  } catch {
    return undefined; // larger kernel than input
  }
}

/** sum of w * x for each output, and of |w * x|, both without bias and residual. */
export interface Sums {
  readonly sum: Float64Array;
  readonly absolute: Float64Array;
  /** Terms of the longest sum. */
  readonly terms: number;
}

/**
 * The definition: for each output element, a sum over input channels and taps. Index arithmetic
 * over any rank by odometers; nothing is shared with lib.
 */
export function convByDefinition(spec: ConvSpec, dims: readonly number[], x: FloatArray): Sums {
  const { window, groups, transposed } = spec;
  const { padBegin, output } = convShape(spec, dims);
  const input = dims.slice(2);
  const inPerGroup = spec.inputChannels / groups;
  const outPerGroup = spec.outputChannels / groups;
  const taps = elementCount(window.kernel);
  const count = dims[0]! * spec.outputChannels * elementCount(output);
  const sum = new Float64Array(count);
  const absolute = new Float64Array(count);
  let at = 0;
  for (let n = 0; n < dims[0]!; n++) {
    for (let m = 0; m < spec.outputChannels; m++) {
      const group = Math.floor(m / outPerGroup);
      for (const position of positions(output)) {
        for (let c = group * inPerGroup; c < (group + 1) * inPerGroup; c++) {
          let tap = 0;
          for (const k of positions(window.kernel)) {
            const from = source(position, k);
            const w = transposed
              ? (c * outPerGroup + (m % outPerGroup)) * taps + tap
              : (m * inPerGroup + (c % inPerGroup)) * taps + tap;
            tap += 1;
            if (from === undefined) continue;
            const product = spec.weight[w]! * x[index([n, c, ...from], dims)]!;
            sum[at]! += product;
            absolute[at]! += Math.abs(product);
          }
        }
        at += 1;
      }
    }
  }
  return { sum, absolute, terms: inPerGroup * taps };

  function source(position: readonly number[], k: readonly number[]): number[] | undefined {
    const from: number[] = [];
    for (let axis = 0; axis < input.length; axis++) {
      const stride = window.strides[axis]!;
      const shift = k[axis]! * window.dilations[axis]! - padBegin[axis]!;
      const i = transposed ? (position[axis]! - shift) / stride : position[axis]! * stride + shift;
      if (!Number.isInteger(i) || i < 0 || i >= input[axis]!) return undefined;
      from.push(i);
    }
    return from;
  }
}

function index(at: readonly number[], dims: readonly number[]): number {
  return at.reduce((sum, item, axis) => sum * dims[axis]! + item, 0);
}

function* positions(dims: readonly number[]): Generator<readonly number[], void> {
  const count = elementCount(dims);
  for (let flat = 0; flat < count; flat++) {
    let rest = flat;
    const at = new Array<number>(dims.length);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at[axis] = rest % dims[axis]!;
      rest = Math.floor(rest / dims[axis]!);
    }
    yield at;
  }
}
