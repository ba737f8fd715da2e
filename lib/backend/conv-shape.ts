import { argumentError } from '../errors.js';
import { dilatedExtent, resolveWindow } from '../tensor/window.js';
import type { ConvSpec } from './backend.js';

/** The sizes of a convolution over an input of known shape; all but the batch by spatial axis. */
export interface ConvShape {
  readonly batch: number;
  readonly input: readonly number[];
  readonly padBegin: readonly number[];
  readonly output: readonly number[];
}

/**
 * Pads and output size of a convolution for an input of [N, C, ...spatial].
 *
 * @throws ConvfuseError ERR_ARGUMENT when the input does not fit the weights, or is too small
 */
export function convShape(spec: ConvSpec, dims: readonly number[]): ConvShape {
  const rank = spec.window.kernel.length;
  if (dims.length !== rank + 2) throw argumentError(`${rank + 2} dimensions`, 'x', dims);
  if (dims[1] !== spec.inputChannels) {
    throw argumentError(`${spec.inputChannels} channels`, 'x', dims[1]);
  }
  const batch = dims[0]!;
  const input = dims.slice(2);
  const { padBegin, output } = spec.transposed
    ? transposedShape(spec, spec.transposed.outputPadding, input)
    : resolveWindow(spec.window, input);
  return { batch, input, padBegin, output };
}

/**
 * ONNX ConvTranspose: out = stride * (in - 1) + outputPadding + extent - padBegin - padEnd. SAME
 * pads make out = stride * in, the odd one at the end (upper) or the beginning (lower).
 */
function transposedShape(
  spec: ConvSpec,
  outputPadding: readonly number[],
  input: readonly number[],
): { padBegin: number[]; output: number[] } {
  const { kernel, strides, dilations, padding } = spec.window;
  const padBegin: number[] = [];
  const output: number[] = [];
  for (let axis = 0; axis < input.length; axis++) {
    const stride = strides[axis]!;
    const extent = dilatedExtent(kernel[axis]!, dilations[axis]!);
    const full = stride * (input[axis]! - 1) + outputPadding[axis]! + extent;
    let begin = 0;
    let out = full;
    if (padding === 'same-upper' || padding === 'same-lower') {
      out = stride * input[axis]!;
      const total = Math.max(0, full - out);
      begin = padding === 'same-upper' ? total >> 1 : total - (total >> 1);
    } else if (padding !== 'valid') {
      begin = padding.begin[axis]!;
      out = full - begin - padding.end[axis]!;
    }
    if (out < 0 || input[axis] === 0) {
      throw argumentError(`a larger input on spatial axis ${axis}`, 'x', input);
    }
    padBegin.push(begin);
    output.push(out);
  }
  return { padBegin, output };
}

/** Extends one to three numbers to three, with `fill` for missing leading axes. */
export function threeAxes(
  values: readonly number[],
  fill: number,
): readonly [number, number, number] {
  const padded = [fill, fill, ...values].slice(-3);
  return [padded[0]!, padded[1]!, padded[2]!];
}
