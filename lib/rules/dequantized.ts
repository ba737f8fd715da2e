import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { elementCount, normalizeAxis } from '../tensor/shape.js';
import { attributeRefusal, opsetRefusal } from './operators.js';
import { parameterOf } from './parameter.js';

/** A constant of whole numbers q behind a DequantizeLinear, which computes scale * (q - zero). */
export interface Dequantized {
  readonly node: Node;
  readonly dims: readonly number[];
  /** One number, or one for each index of the axis. */
  readonly scale: Float64Array;
  /** q - zero, exact. */
  readonly steps: Float64Array;
  /** The axis that has a scale for each index; undefined: one scale for all. */
  readonly axis: number | undefined;
}

const STORED = new Set(['int8', 'uint8', 'int16', 'uint16', 'int32']);

/**
 * Reads a value that is a DequantizeLinear of constants; undefined where it is not one, or is
 * quantised in blocks.
 */
export function dequantized(value: Value | undefined): Dequantized | undefined {
  const node = value?.producer;
  if (node?.is('DequantizeLinear') !== true) return undefined;
  if (opsetRefusal(node) !== undefined || attributeRefusal(node) !== undefined) return undefined;
  const [stored, scales, zeros] = [0, 1, 2].map((at) => parameterOf(node.optionalInput(at)));
  if (stored?.type === undefined || !STORED.has(stored.type)) return undefined;
  if (scales?.type !== 'float32' || scales.dims.length > 1) return undefined;
  if (node.optionalInput(2) !== undefined && zeros?.type !== stored.type) return undefined;
  const scale = Float64Array.from(scales.read().data as Float32Array);
  const { dims } = stored;
  const axis = normalizeAxis(node.attribute('axis', 'int') ?? 1, dims.length);
  const perAxis = scales.dims.length === 1 && axis !== undefined && scale.length === dims[axis];
  if (!perAxis && scale.length !== 1) return undefined;
  const zero = Array.from((zeros?.read().data ?? [0]) as ArrayLike<number>, Number);
  if (zero.length !== scale.length && zero.length !== 1) return undefined;
  const span = perAxis ? elementCount(dims.slice(axis + 1)) : Infinity;
  const steps = Float64Array.from(stored.read().data as Int8Array, (q, at) => {
    const index = perAxis ? Math.floor(at / span) % scale.length : 0;
    return q - (zero[index] ?? zero[0])!;
  });
  return { node, dims, scale, steps, axis: perAxis ? axis : undefined };
}

/**
 * scale * (q - zero) in double; with the given scales on axis 0 instead of its own, where there are
 * any.
 */
export function dequantize(
  { dims, steps, scale: own, axis }: Dequantized,
  scale: ArrayLike<number> = own,
): Float64Array {
  const span = axis === undefined ? Infinity : elementCount(dims.slice(axis + 1));
  return steps.map((step, at) => scale[Math.floor(at / span) % scale.length]! * step);
}
