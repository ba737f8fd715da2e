// Random convolutions, and the definition of a convolution written as directly as can be.

import fc from 'fast-check';

import { IDENTITY, type Activation } from '#convfuse/backend/activation.js';
import type { ConvSpec, FloatArray } from '#convfuse/backend/backend.js';
import { convShape, threeAxes } from '#convfuse/backend/conv-shape.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Padding } from '#convfuse/tensor/window.js';

export interface ConvCase {
  readonly spec: ConvSpec;
  readonly dims: readonly number[];
  readonly x: Float32Array;
  readonly residual: Float32Array | undefined;
}

/** Larger ones only take longer. */
const MOST_MACS = 2e6;

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
    const macs = outSize * inPerGroup * elementCount(kernel);
    if (outSize === 0 || macs > MOST_MACS) return undefined;
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
 * The definition: for each output element, a sum over input channels and taps, gathered. Nothing
 * but the shape is shared with lib.
 */
export function convByDefinition(spec: ConvSpec, dims: readonly number[], x: FloatArray): Sums {
  const { window, groups, transposed, weight } = spec;
  const shape = convShape(spec, dims);
  const [inD, inH, inW] = threeAxes(shape.input, 1);
  const [outD, outH, outW] = threeAxes(shape.output, 1);
  const [kD, kH, kW] = threeAxes(window.kernel, 1);
  const stride = threeAxes(window.strides, 1);
  const dilation = threeAxes(window.dilations, 1);
  const pad = threeAxes(shape.padBegin, 0);
  const inPerGroup = spec.inputChannels / groups;
  const outPerGroup = spec.outputChannels / groups;
  const count = dims[0]! * spec.outputChannels * outD * outH * outW;
  const sum = new Float64Array(count);
  const absolute = new Float64Array(count);

  /** The input position that a tap sees, or -1. */
  const source = (axis: 0 | 1 | 2, position: number, k: number, size: number): number => {
    const shift = k * dilation[axis] - pad[axis];
    const from = transposed ? (position - shift) / stride[axis] : position * stride[axis] + shift;
    return Number.isInteger(from) && from >= 0 && from < size ? from : -1;
  };

  let at = 0;
  for (let n = 0; n < dims[0]!; n++)
    for (let m = 0; m < spec.outputChannels; m++)
      for (let od = 0; od < outD; od++)
        for (let oh = 0; oh < outH; oh++)
          for (let ow = 0; ow < outW; ow++, at++)
            for (let kd = 0; kd < kD; kd++) {
              const id = source(0, od, kd, inD);
              for (let kh = 0; kh < kH && id >= 0; kh++) {
                const ih = source(1, oh, kh, inH);
                for (let kw = 0; kw < kW && ih >= 0; kw++) {
                  const iw = source(2, ow, kw, inW);
                  for (let i = 0; i < inPerGroup && iw >= 0; i++) {
                    const c = Math.floor(m / outPerGroup) * inPerGroup + i;
                    const filter = transposed
                      ? c * outPerGroup + (m % outPerGroup)
                      : m * inPerGroup + i;
                    const product =
                      weight[((filter * kD + kd) * kH + kh) * kW + kw]! *
                      x[(((n * spec.inputChannels + c) * inD + id) * inH + ih) * inW + iw]!;
                    sum[at]! += product;
                    absolute[at]! += Math.abs(product);
                  }
                }
              }
            }
  return { sum, absolute, terms: inPerGroup * kD * kH * kW };
}

/** The expected result of a case on whole numbers, without activation. */
export function exactResult({ spec, dims, x, residual }: ConvCase): Float32Array {
  const { sum } = convByDefinition(spec, dims, x);
  const plane = sum.length / (dims[0]! * spec.outputChannels);
  return Float32Array.from(sum, (value, i) => {
    const channel = Math.floor(i / plane) % spec.outputChannels;
    return value + (spec.bias?.[channel] ?? 0) + (residual?.[i] ?? 0);
  });
}

/** Where two results differ, in words; undefined where they are equal (-0 equals 0). */
export function difference(actual: FloatArray, expected: FloatArray): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} elements`;
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i]) return `[${i}] is ${actual[i]}, expected ${expected[i]}`;
  }
  return undefined;
}
