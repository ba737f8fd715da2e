// Which element-wise steps work on blocks of channels, and which of their inputs lie in them.

import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { activationOf } from '../ops/activation-of.js';
import { normalisesByBackend } from '../ops/batch-normalization.js';
import { knownDims } from '../ops/facts.js';
import type { Inference } from '../ops/infer.js';

/** The inputs that lie in blocks whenever the output does; all others are dense. */
export interface BlockedOperands {
  readonly x: Value;
  /** A second operand with the dimensions of x. */
  readonly residual: Value | undefined;
}

/** The blocked operands of a step; undefined where it cannot work on blocks. */
export function elementwiseOperands(node: Node, inference: Inference): BlockedOperands | undefined {
  if (node.domain !== '' || node.namedOutputs.length !== 1) return undefined;
  const [x] = node.inputs;
  if (x === undefined) return undefined;
  switch (node.opType) {
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Max':
    case 'Min':
    case 'Sum':
    case 'PRelu':
      return pairOperands(node, inference);
    case 'BatchNormalization':
      return normalisesByBackend(node, (value) => inference.facts(value).constant)
        ? { x, residual: undefined }
        : undefined;
    case 'Clip':
      return { x, residual: undefined };
    default:
      return activationOf(node) === undefined ? undefined : { x, residual: undefined };
  }
}

/**
 * Accepts two tensors of one shape, or a tensor and one number for each channel, image, or both.
 */
function pairOperands(node: Node, inference: Inference): BlockedOperands | undefined {
  const [left, right] = node.inputs;
  if (left === undefined || right === undefined || node.inputs.length !== 2) return undefined;
  const a = knownDims(inference.facts(left));
  const b = knownDims(inference.facts(right));
  if (a === undefined || b === undefined) return undefined;
  // Before opset 7, the second operand may be aligned at any axis.
  const aligned = node.opset >= 7;
  if (aligned && isPixel(b, a)) return { x: left, residual: undefined };
  if (aligned && isPixel(a, b)) return { x: right, residual: undefined };
  const same = a.length === 4 && b.length === 4 && a.every((size, axis) => size === b[axis]);
  return same ? { x: left, residual: right } : undefined;
}

/** Whether a tensor of `dims` is broadcast over the H x W plane of an N x C x H x W image. */
function isPixel(dims: readonly number[], image: readonly number[]): boolean {
  if (image.length !== 4 || dims.length > 4) return false;
  const padded = [...Array<number>(4 - dims.length).fill(1), ...dims];
  return padded.every((size, axis) => size === 1 || (axis < 2 && size === image[axis]));
}
