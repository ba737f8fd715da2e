import type { Node } from '../ir/node.js';
import type { Padding, Window } from '../tensor/window.js';
import { dilatedExtent } from '../tensor/window.js';
import { readLayer } from './layer.js';
import { parameterOf } from './parameter.js';

/**
 * A text that is equal for convolutions that can be merged on one input: type, input channels,
 * groups and window. undefined where the layer cannot be read.
 */
export function convLikeness(node: Node): string | undefined {
  const layer = readLayer(node);
  if ('reason' in layer) return undefined;
  const { window, inputChannels, groups } = layer.geometry;
  const type = parameterOf(node.input(1))?.type;
  return JSON.stringify([type, inputChannels, groups, { ...window, padding: numbersOf(window) }]);
}

/**
 * Padding as numbers, where these do not depend on the size of the input: VALID is 0, and SAME with
 * stride 1 adds extent - 1, with the odd one at the end (upper) or the beginning (lower).
 */
export function numbersOf(window: Window): Padding {
  const { padding, kernel, strides, dilations } = window;
  if (typeof padding !== 'string') return padding;
  if (padding === 'valid') {
    const zeros = kernel.map(() => 0);
    return { begin: zeros, end: zeros };
  }
  if (strides.some((stride) => stride !== 1)) return padding;
  const totals = kernel.map((size, axis) => dilatedExtent(size, dilations[axis]!) - 1);
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return padding === 'same-upper' ? { begin: small, end: large } : { begin: large, end: small };
}

/**
 * A text that is equal for matrix products that can be merged on one input: type, input channels,
 * transpositions, factors, and rows of the bias. undefined where the layer cannot be read.
 */
export function productLikeness(node: Node): string | undefined {
  const layer = readLayer(node);
  if ('reason' in layer) return undefined;
  const { geometry, gain, biasGain } = layer;
  const transposed = ['transA', 'transB'].map((name) => node.attribute(name, 'int') ?? 0);
  const type = parameterOf(node.input(1))?.type;
  const bias = parameterOf(node.optionalInput(2))?.dims;
  const rows = bias?.length === 2 && bias[0] !== 1 ? bias[0] : undefined;
  return JSON.stringify([type, geometry.inputChannels, ...transposed, gain, biasGain, rows]);
}
