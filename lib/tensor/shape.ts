import { ConvfuseError } from '../errors.js';

/** Elements in a tensor of these dimensions: 1 for none (a scalar), 0 when any is 0. */
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
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** An axis counted from the end when negative, as ONNX attributes are; undefined out of range. */
export function normalizeAxis(axis: number, rank: number): number | undefined {
  const index = axis < 0 ? axis + rank : axis;
  return Number.isInteger(index) && index >= 0 && index < rank ? index : undefined;
}

/** Dimensions for people: 1x3x224x224. */
export function dimsText(dims: readonly (number | string | undefined)[]): string {
  return dims.length === 0 ? 'scalar' : dims.map((dim) => dim ?? '?').join('x');
}

/**
 * Elements of one tensor: more than typed arrays of 8 bytes hold. Products of sizes, from a
 * file or of pads that a caller gives, may ask for any number.
 */
const MAX_ELEMENTS = 2 ** 31;

/** Elements of a tensor to be made. @throws ConvfuseError ERR_LIMIT */
export function countToAllocate(dims: readonly number[]): number {
  const count = elementCount(dims);
  if (count <= MAX_ELEMENTS) return count;
  throw new ConvfuseError(
    'ERR_LIMIT',
    `a tensor of ${dimsText(dims)} has more than ${MAX_ELEMENTS} elements`,
  );
}
