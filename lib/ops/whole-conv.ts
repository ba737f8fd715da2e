// Convolutions of bytes minus their zero points, without rounding.

import { IDENTITY } from '../backend/activation.js';
import type { ConvKernel, FloatArray } from '../backend/backend.js';
import { elementCount } from '../tensor/shape.js';
import { convGeometry, type Geometry } from './conv.js';
import { exactParts, type Part } from './exact-parts.js';
import type { Evaluation } from './operator.js';
import { centre, scratch, zerosOf, type Quantised } from './quantised.js';
import { withLabel } from './window.js';

/** The convolution of some input channels. The results of all parts are added up. */
interface PartConv extends Part {
  readonly kernel: ConvKernel;
}

class WholeConv {
  /** float32, on which backends are fast, where sums over some channels at a time are exact in it. */
  readonly kind: 'float32' | 'float64';
  readonly parts: readonly PartConv[];

  constructor(call: Evaluation, geometry: Geometry, w: Quantised) {
    const { dims } = w.x;
    const [rows, channels] = [dims[0]!, dims[1]!];
    const taps = elementCount(dims.slice(2));
    const zeros = zerosOf(call.node, w, rows);
    const values = new Float64Array(elementCount(dims));
    centre(w.x, zeros, (i) => Math.floor(i / (channels * taps)), values);
    const strides = { rowStride: channels * taps, channelStride: taps };
    const exact = exactParts({ values, rows, channels, taps, ...strides });
    // With several groups, the channels of a part are not adjacent in the input.
    const narrow = exact !== undefined && (exact.length === 1 || geometry.groups === 1);
    this.kind = narrow ? 'float32' : 'float64';
    this.parts = (narrow ? exact : [{ from: 0, to: channels }]).map(({ from, to }) => {
      const size = (to - from) * taps;
      const weight = narrow ? new Float32Array(rows * size) : new Float64Array(rows * size);
      for (let row = 0; row < rows; row++) {
        const begin = (row * channels + from) * taps;
        weight.set(values.subarray(begin, begin + size), row * size);
      }
      const inputChannels = (to - from) * geometry.groups;
      const fixed = { bias: undefined, activation: IDENTITY, precision: 'strict' } as const;
      const spec = { ...geometry, ...fixed, inputChannels, weight, threads: call.threads };
      return { from, to, kernel: call.backend.conv(spec) };
    });
  }

  dispose(): void {
    for (const { kernel } of this.parts) kernel.dispose();
  }
}

export interface WholeSums {
  readonly dims: number[];
  /** Memory of this step, which may become its output. */
  readonly sums: FloatArray | Int32Array;
}

/**
 * Convolves quantised tensors. x has one zero point; w has one, or one for each output channel.
 * Pads are zero points too, and add nothing.
 *
 * @param constant whether w and its zero points are the same in every run
 */
export function convolveWhole(
  call: Evaluation,
  x: Quantised,
  w: Quantised,
  constant: boolean,
): WholeSums {
  return withLabel(call.node, () => {
    const geometry = convGeometry(call.node, x.x.dims, w.x.dims);
    const make = (): WholeConv => new WholeConv(call, geometry, w);
    const conv = constant ? call.keep(make) : make();
    try {
      return run(call, x, conv);
    } finally {
      if (!constant) conv.dispose();
    }
  });
}

function run(call: Evaluation, x: Quantised, { kind, parts }: WholeConv): WholeSums {
  const zeros = zerosOf(call.node, x, 1);
  const { dims } = x.x;
  const source = centre(x.x, zeros, () => 0, scratch(call, kind, elementCount(dims)));
  if (parts.length > 1) return addUp(call, source, dims, parts);
  const { kernel } = parts[0]!;
  const outDims = kernel.outputDims(dims);
  const sums = scratch(call, kind, elementCount(outDims));
  kernel.runSync({ x: source, dims, out: sums });
  return { dims: outDims, sums };
}

/** Runs the parts image by image, since the channels of a part are adjacent only within an image. */
function addUp(
  call: Evaluation,
  source: FloatArray,
  [batch, channels, ...plane]: readonly number[],
  parts: readonly PartConv[],
): WholeSums {
  const dimsOf = ({ from, to }: Part): number[] => [1, to - from, ...plane];
  const dims = [batch!, ...parts[0]!.kernel.outputDims(dimsOf(parts[0]!)).slice(1)];
  const [area, size] = [elementCount(plane), elementCount(dims.slice(1))];
  const sums = call.allocate('int32', dims) as Int32Array;
  const out = scratch(call, 'float32', size);
  for (let image = 0; image < batch!; image++) {
    const total = sums.subarray(image * size, (image + 1) * size);
    for (const part of parts) {
      const [begin, end] = [part.from, part.to].map((at) => (image * channels! + at) * area);
      part.kernel.runSync({ x: source.subarray(begin, end), dims: dimsOf(part), out });
      if (part.from === 0) for (let i = 0; i < size; i++) total[i] = out[i]!;
      else for (let i = 0; i < size; i++) total[i]! += out[i]!;
    }
  }
  return { dims, sums };
}
