// Resolves tensors of indices, one by one or as tuples, to positions of elements.

import type { Node } from '../ir/node.js';
import { dimsText, elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import type { RunTensor } from './operator.js';
import { nodeError } from './schema.js';

/** The elements of a tensor of indices, as numbers. @throws ConvfuseError ERR_MODEL */
function indexNumbers(node: Node, { type, data }: RunTensor): Float64Array {
  if (type !== 'int64' && type !== 'int32') {
    throw nodeError(node, 'ERR_MODEL', `expected int64 or int32 indices, received ${type}`);
  }
  const numbers = new Float64Array(data.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = Number(data[i]);
  return numbers;
}

/** An index below `size`, counted from the end when negative. @throws ConvfuseError ERR_ARGUMENT */
function indexBelow(node: Node, size: number, index: number): number {
  const at = index < 0 ? index + size : index;
  if (at >= 0 && at < size) return at;
  throw nodeError(node, 'ERR_ARGUMENT', `expected an index below ${size}, received ${index}`);
}

/**
 * For each index, the position of an element in a tensor of `dims`. Its coordinates are those of
 * the index, except on `axis`, where the value of the index is the coordinate.
 *
 * @throws ConvfuseError ERR_MODEL, ERR_ARGUMENT
 */
export function placesAlong(
  node: Node,
  dims: readonly number[],
  indices: RunTensor,
  axis: number,
): Int32Array {
  const fits =
    indices.dims.length === dims.length &&
    indices.dims.every((size, at) => at === axis || size <= dims[at]!);
  if (!fits) {
    const text = `indices of ${dimsText(indices.dims)} do not fit a tensor of ${dimsText(dims)}`;
    throw nodeError(node, 'ERR_MODEL', text);
  }
  const numbers = indexNumbers(node, indices);
  const strides = stridesOf(dims);
  const stride = strides[axis]!;
  strides[axis] = 0;
  const places = outerOffsets(indices.dims, strides, numbers.length);
  for (let i = 0; i < places.length; i++) {
    places[i]! += indexBelow(node, dims[axis]!, numbers[i]!) * stride;
  }
  return places;
}

/** Runs of elements selected by tuples of indices. */
export interface Tuples {
  /** Position of the first element of each run. */
  readonly places: Int32Array;
  /** Elements of a run. */
  readonly length: number;
  /** Dimensions of all runs together. */
  readonly dims: readonly number[];
}

/**
 * The parts of a tensor of `dims` that the rows of `indices` select, by coordinates on the first
 * axes behind the `batchDims` common ones.
 *
 * @throws ConvfuseError ERR_MODEL, ERR_ARGUMENT
 */
export function tuplesOf(
  node: Node,
  dims: readonly number[],
  indices: RunTensor,
  batchDims = 0,
): Tuples {
  const width = tupleWidth(node, dims, indices.dims, batchDims);
  const rows = indices.dims.slice(0, -1);
  const batch = dims.slice(0, batchDims);
  if (batch.some((size, axis) => size !== rows[axis])) {
    const text = `the first ${batchDims} axes of ${dimsText(dims)} and ${dimsText(indices.dims)} differ`;
    throw nodeError(node, 'ERR_MODEL', text);
  }
  const numbers = indexNumbers(node, indices);
  const named = dims.slice(batchDims, batchDims + width);
  const strides = stridesOf(dims);
  const rest = dims.slice(batchDims + width);
  const batchStrides = rows.map((_, axis) => (axis < batchDims ? strides[axis]! : 0));
  const places = outerOffsets(rows, batchStrides, elementCount(rows));
  for (let row = 0; row < places.length; row++) {
    named.forEach((size, i) => {
      places[row]! += indexBelow(node, size, numbers[row * width + i]!) * strides[batchDims + i]!;
    });
  }
  return { places, length: elementCount(rest), dims: [...rows, ...rest] };
}

/** The number of indices in a tuple, as far as it is known. @throws ConvfuseError ERR_MODEL */
export function tupleWidth<D>(
  node: Node,
  dims: readonly unknown[],
  indices: readonly D[],
  batchDims: number,
): D {
  const width = indices.at(-1);
  const fits =
    width !== undefined && batchDims >= 0 && batchDims < indices.length && batchDims <= dims.length;
  if (fits && !(typeof width === 'number' && width > dims.length - batchDims)) return width;
  const text = `indices of rank ${indices.length} in rank ${dims.length}`;
  throw nodeError(node, 'ERR_MODEL', `${String(width ?? 'no')} of ${text}`);
}
