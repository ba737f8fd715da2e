import { argumentError } from '../../errors.js';
import { abortReason } from '../abort.js';
import type { AsyncConvCall, ConvCall, ConvKernel, ConvSpec, FloatArray } from '../backend.js';
import { convShape, threeAxes, type ConvShape } from '../conv-shape.js';
import { activate } from './activation.js';
import { accumulatePlane, accumulateTransposedPlane, type Taps } from './conv-plane.js';

/** How long a run blocks the event loop before it yields, so that a signal's listener can run. */
const TURN_MILLISECONDS = 20;

/**
 * The oracle: plain loops, sums in double in a fixed order, rounded once to the type of `out`
 * after bias, residual and activation.
 */
export class ReferenceConv implements ConvKernel {
  readonly #spec: ConvSpec;

  constructor(spec: ConvSpec) {
    this.#spec = { ...spec, weight: spec.weight.slice(), bias: spec.bias?.slice() };
  }

  outputDims(dims: readonly number[]): number[] {
    const { batch, output } = convShape(this.#spec, dims);
    return [batch, this.#spec.outputChannels, ...output];
  }

  algorithm(): string {
    return 'plain loops in double (reference backend)';
  }

  runSync(call: ConvCall): void {
    const planes = this.#planes(call, convShape(this.#spec, call.dims));
    while (planes.next().done !== true);
  }

  async run(call: AsyncConvCall, signal?: AbortSignal): Promise<FloatArray> {
    if (signal?.aborted) throw abortReason(signal);
    const shape = convShape(this.#spec, call.dims);
    const x = call.x.slice();
    const residual = call.residual?.slice();
    const size = shape.output.reduce((product, axis) => product * axis, this.#spec.outputChannels);
    const result = new (x.constructor as Float32ArrayConstructor)(shape.batch * size) as FloatArray;
    let turn = performance.now();
    const planes = this.#planes({ x, dims: call.dims, out: result, residual }, shape);
    while (planes.next().done !== true) {
      if (performance.now() - turn < TURN_MILLISECONDS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted) throw abortReason(signal);
      turn = performance.now();
    }
    if (call.out === undefined) return result;
    if (call.out.length !== result.length) {
      throw argumentError('an array that was not detached', 'out', call.out);
    }
    call.out.set(result);
    return call.out;
  }

  dispose(): void {
    // Nothing to free: the garbage collector owns all arrays.
  }

  /**
   * Computes all output planes; yields after each input channel of each, so that run() can pause
   * there.
   */
  *#planes(call: ConvCall, shape: ConvShape): Generator<undefined, void> {
    const spec = this.#spec;
    const { x, out, residual } = call;
    const taps = tapsOf(spec, shape);
    const accumulate = spec.transposed ? accumulateTransposedPlane : accumulatePlane;
    const inSize = taps.input[0] * taps.input[1] * taps.input[2];
    const outSize = taps.output[0] * taps.output[1] * taps.output[2];
    const kernelSize = taps.kernel[0] * taps.kernel[1] * taps.kernel[2];
    const perGroupIn = spec.inputChannels / spec.groups;
    const perGroupOut = spec.outputChannels / spec.groups;
    const sums = new Float64Array(outSize);
    for (let n = 0; n < shape.batch; n++) {
      for (let m = 0; m < spec.outputChannels; m++) {
        const group = Math.floor(m / perGroupOut);
        sums.fill(0);
        for (let c = 0; c < perGroupIn; c++) {
          const channel = group * perGroupIn + c;
          const filter = spec.transposed
            ? channel * perGroupOut + (m - group * perGroupOut)
            : m * perGroupIn + c;
          const plane = (n * spec.inputChannels + channel) * inSize;
          accumulate(taps, spec.weight, filter * kernelSize, x, plane, sums);
          yield;
        }
        const start = (n * spec.outputChannels + m) * outSize;
        finishPlane(spec, m, sums, out, start, residual);
      }
    }
  }
}

/** Bias, residual and activation in double; storing to `out` is the one rounding. */
function finishPlane(
  spec: ConvSpec,
  channel: number,
  sums: Float64Array,
  out: FloatArray,
  start: number,
  residual: FloatArray | undefined,
): void {
  const size = sums.length;
  if (spec.bias !== undefined) {
    const bias = spec.bias[channel]!;
    for (let i = 0; i < size; i++) sums[i]! += bias;
  }
  if (residual !== undefined) {
    for (let i = 0; i < size; i++) sums[i]! += residual[start + i]!;
  }
  activate(spec.activation, sums, 0, size, channel);
  out.set(sums, start);
}

function tapsOf(spec: ConvSpec, shape: ConvShape): Taps {
  return {
    kernel: threeAxes(spec.window.kernel, 1),
    stride: threeAxes(spec.window.strides, 1),
    dilation: threeAxes(spec.window.dilations, 1),
    padBegin: threeAxes(shape.padBegin, 0),
    input: threeAxes(shape.input, 1),
    output: threeAxes(shape.output, 1),
  };
}
