import { ConvfuseError } from '../errors.js';

/**
 * The number of elements of a tensor: 1 for no dimensions (a scalar), 0 when any dimension is 0.
 */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim;
  return count;
}

/** Row-major strides, in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= dims[axis]!;
  }
  return strides;
}

export function sameDims(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** An axis that counts from the end when negative, as in ONNX; undefined when out of range. */
export function normalizeAxis(axis: number, rank: number): number | undefined {
  const index = axis < 0 ? axis + rank : axis;
  return Number.isInteger(index) && index >= 0 && index < rank ? index : undefined;
}

/** Dimensions as text for messages: 1x3x224x224. */
export function dimsText(dims: readonly (number | string | undefined)[]): string {
  return dims.length === 0 ? 'scalar' : dims.map((dim) => dim ?? '?').join('x');
}

/**
 * The most elements of one tensor, which is more than typed arrays of 8-byte elements can hold. The
 * limit is needed because sizes from files or callers may multiply to any number.
 */
const MAX_ELEMENTS = 2 ** 31;

/** The number of elements of a tensor to allocate. @throws ConvfuseError ERR_LIMIT */
export function countToAllocate(dims: readonly number[]): number {
  const count = elementCount(dims);
  if (count <= MAX_ELEMENTS) return count;
  throw new ConvfuseError(
    'ERR_LIMIT',
    `a tensor of ${dimsText(dims)} has more than ${MAX_ELEMENTS} elements`,
  );
}
