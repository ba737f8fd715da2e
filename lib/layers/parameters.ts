import type { FloatArray } from '../backend/backend.js';
import { argumentError } from '../errors.js';
import { checkTensor, type Tensor } from '../tensor/tensor.js';

/** A tensor whose elements this library computes with directly. */
export interface FloatingTensor extends Tensor {
  readonly type: 'float32' | 'float64';
  readonly data: FloatArray;
}

/**
 * Checks that a tensor is float32 or float64, in memory whose size cannot change.
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

/** Refuses resizable buffers: one could shrink between a check and the use of what was checked. */
function checkFixed(data: FloatArray, name: string): void {
  const buffer = data.buffer as ArrayBufferLike & { resizable?: boolean; growable?: boolean };
  if (buffer.resizable === true || buffer.growable === true) {
    throw argumentError('a buffer of fixed size', `${name}.data`, data.buffer);
  }
}

/**
 * Refuses an output that shares memory with an input.
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
