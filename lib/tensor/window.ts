import { ConvfuseError } from '../errors.js';

/**
 * Padding around the input with zeros (or the pool's neutral element): explicit, or derived from
 * the input's size.
 */
export type Padding =
  | { readonly begin: readonly number[]; readonly end: readonly number[] }
  | 'same-upper'
  | 'same-lower'
  | 'valid';

/** A sliding window of a convolution or pool over 1 to 3 spatial axes, outermost first. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

/** A window over an input of known size. */
export interface ResolvedWindow {
  readonly padBegin: readonly number[];
  readonly padEnd: readonly number[];
  readonly output: readonly number[];
}

/** Extent of a dilated kernel: dilation * (kernel - 1) + 1. */
export function dilatedExtent(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1;
}

/**
 * Pads and output sizes for an input, by the formulas of ONNX Conv and the pools:
 * out = floor((in + padBegin + padEnd - extent) / stride) + 1, with ceil in place of floor for
 * `ceil` pools, whose last window must start inside the input or the leading pad. SAME pads make
 * out = ceil(in / stride); the odd one goes to the end (upper) or the beginning (lower).
 *
 * @throws ConvfuseError ERR_ARGUMENT when the kernel is larger than the padded input
 */
export function resolveWindow(
  window: Window,
  input: readonly number[],
  ceil = false,
): ResolvedWindow {
  const padBegin: number[] = [];
  const padEnd: number[] = [];
  const output: number[] = [];
  const same = window.padding === 'same-upper' || window.padding === 'same-lower';
  for (let axis = 0; axis < input.length; axis++) {
    const size = input[axis]!;
    const stride = window.strides[axis]!;
    const extent = dilatedExtent(window.kernel[axis]!, window.dilations[axis]!);
    let begin = 0;
    let end = 0;
    if (same && size > 0) {
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
      const small = Math.floor(total / 2); // not >> 1: extents may exceed 32 bits
      begin = window.padding === 'same-upper' ? small : total - small;
      end = total - begin;
    } else if (typeof window.padding === 'object') {
      begin = window.padding.begin[axis]!;
      end = window.padding.end[axis]!;
    }
    const room = size + begin + end - extent;
    const empty = same && size === 0; // ceil(0 / stride)
    if (room < 0 && !empty) {
      throw new ConvfuseError(
        'ERR_ARGUMENT',
        `expected a padded input of at least ${extent} for spatial axis ${axis}, ` +
          `received ${size + begin + end}`,
      );
    }
    let out = empty ? 0 : Math.floor(room / stride) + 1;
    if (ceil && room % stride !== 0 && out * stride < size + begin) out += 1;
    padBegin.push(begin);
    padEnd.push(end);
    output.push(out);
  }
  return { padBegin, padEnd, output };
}
