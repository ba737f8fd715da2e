import { ConvfuseError } from '../errors.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { dilatedExtent, resolveWindow, type Padding, type Window } from '../tensor/window.js';
import { nodeError } from './schema.js';

/**
 * The sliding window that a convolution's or a pool's attributes describe.
 *
 * @param kernel from the weights where the attribute is absent
 * @throws ConvfuseError ERR_MODEL, ERR_UNSUPPORTED
 */
export function windowOf(node: Node, kernel: readonly number[] | undefined): Window {
  const shape = node.attribute('kernel_shape', 'ints') ?? kernel;
  if (shape === undefined) throw nodeError(node, 'ERR_MODEL', 'kernel_shape is missing');
  if (kernel !== undefined && !shape.every((size, axis) => size === kernel[axis])) {
    throw nodeError(node, 'ERR_MODEL', `kernel_shape ${shape.join('x')} does not fit the weights`);
  }
  const rank = shape.length;
  if (rank < 1 || rank > 3) {
    throw nodeError(node, 'ERR_UNSUPPORTED', `${rank} spatial axes are not supported`);
  }
  const ones = shape.map(() => 1);
  return {
    kernel: positive(node, 'kernel_shape', shape, rank),
    strides: positive(node, 'strides', node.attribute('strides', 'ints') ?? ones, rank),
    dilations: positive(node, 'dilations', node.attribute('dilations', 'ints') ?? ones, rank),
    padding: paddingOf(node, rank),
  };
}

function positive(node: Node, name: string, values: readonly number[], rank: number): number[] {
  if (values.length !== rank || values.some((value) => value < 1)) {
    throw nodeError(node, 'ERR_MODEL', `expected ${rank} sizes >= 1 for ${name}`);
  }
  return [...values];
}

/** The padding for an auto_pad mode and pads; undefined for an unknown mode. */
export function paddingFrom(mode: string, pads: readonly number[]): Padding | undefined {
  switch (mode) {
    case 'VALID':
      return 'valid';
    case 'SAME_UPPER':
      return 'same-upper';
    case 'SAME_LOWER':
      return 'same-lower';
    case 'NOTSET':
    case '':
      return { begin: pads.slice(0, pads.length / 2), end: pads.slice(pads.length / 2) };
    default:
      return undefined;
  }
}

function paddingOf(node: Node, rank: number): Padding {
  const auto = node.attribute('auto_pad', 'string') ?? 'NOTSET';
  const explicit = auto === '' || auto === 'NOTSET';
  const pads = (explicit && node.attribute('pads', 'ints')) || new Array<number>(2 * rank).fill(0);
  if (pads.length !== 2 * rank || pads.some((pad) => pad < 0)) {
    throw nodeError(node, 'ERR_MODEL', `expected ${2 * rank} sizes >= 0 for pads`);
  }
  const padding = paddingFrom(auto, pads);
  if (padding === undefined) {
    throw nodeError(node, 'ERR_MODEL', `auto_pad is ${JSON.stringify(auto)}`);
  }
  return padding;
}

/** Output sizes of a window over spatial dimensions that may be unknown. */
export function windowDims(window: Window, spatial: readonly Dim[], ceil = false): Dim[] {
  return spatial.map((size, axis) => {
    const only = oneAxis(window, axis);
    if (typeof size === 'number') return resolveWindow(only, [size], ceil).output[0];
    return keepsSize(only) ? size : undefined;
  });
}

function oneAxis({ kernel, strides, dilations, padding }: Window, axis: number): Window {
  return {
    kernel: [kernel[axis]!],
    strides: [strides[axis]!],
    dilations: [dilations[axis]!],
    padding:
      typeof padding === 'string'
        ? padding
        : { begin: [padding.begin[axis]!], end: [padding.end[axis]!] },
  };
}

/** Whether the output has the size of the input, for any input. */
function keepsSize({ kernel, strides, dilations, padding }: Window): boolean {
  if (strides[0] !== 1) return false;
  if (padding === 'same-upper' || padding === 'same-lower') return true;
  const pads = padding === 'valid' ? 0 : padding.begin[0]! + padding.end[0]!;
  return pads === dilatedExtent(kernel[0]!, dilations[0]!) - 1;
}

/** Adds the node's label to an error about its geometry. */
export function withLabel<T>(node: Node, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw labelled(node, error);
  }
}

/** An error with the label of the node that it comes from. */
export function labelled(node: Node, error: unknown): unknown {
  const label = `${node.opType} ${node.label}: `;
  if (!(error instanceof ConvfuseError) || error.message.startsWith(label)) return error;
  return nodeError(node, error.code, error.message);
}
