import type { FloatArray } from '../backend/backend.js';
import { argumentError } from '../errors.js';
import { checkTensor, type Tensor } from '../tensor/tensor.js';

/** One number for each channel: a tensor of one dimension, or just its elements. */
export type Vector = Float32Array | Float64Array | readonly number[] | Tensor;

/** A tensor whose elements this library computes with directly. */
export interface FloatingTensor extends Tensor {
  readonly type: 'float32' | 'float64';
  readonly data: FloatArray;
}

/**
 * A checked tensor of float32 or float64 over memory that keeps its size.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function readFloating(value: Tensor, name: string): FloatingTensor {
  const tensor = checkTensor(value, name);
  const { type, data } = tensor;
  if (
    (type === 'float32' && data instanceof Float32Array) ||
    (type === 'float64' && data instanceof Float64Array)
  ) {
    checkFixed(data, name);
    return { type, data, dims: tensor.dims };
  }
  throw argumentError('float32 or float64 elements', `${name}.type`, type);
}

/**
 * Copies a vector of `length` numbers.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function readVector(value: Vector, length: number, name: string): Float64Array {
  const data = vectorElements(value, name);
  if (data.length !== length) throw argumentError(`${length} elements`, name, data.length);
  const copy = Float64Array.from(data);
  if (Array.isArray(data) && !data.every((item) => typeof item === 'number')) {
    throw argumentError('numbers', name, data);
  }
  return copy;
}

function vectorElements(value: Vector, name: string): ArrayLike<number> {
  if (value instanceof Float32Array || value instanceof Float64Array || Array.isArray(value)) {
    return value as ArrayLike<number>;
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) {
    throw argumentError('a Float32Array, a Float64Array or a tensor', name, value);
  }
  const tensor = readFloating(value as Tensor, name);
  if (tensor.dims.length !== 1) throw argumentError('one dimension', `${name}.dims`, tensor.dims);
  return tensor.data;
}

/** A resizable buffer could shrink between a check and the use of what was checked. */
function checkFixed(data: FloatArray, name: string): void {
  const buffer = data.buffer as ArrayBufferLike & { resizable?: boolean; growable?: boolean };
  if (buffer.resizable === true || buffer.growable === true) {
    throw argumentError('a buffer of fixed size', `${name}.data`, data.buffer);
  }
}

/**
 * Refuses an output that shares a byte with an input.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function checkApart(out: FloatingTensor, inputs: readonly FloatingTensor[]): void {
  for (const input of inputs) {
    if (overlap(out.data, input.data)) {
      throw argumentError('memory that no input shares', 'out', out.data);
    }
  }
}

function overlap(a: FloatArray, b: FloatArray): boolean {
  return (
    a.buffer === b.buffer &&
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength
  );
}
