import { argumentError } from '../errors.js';
import { holds, isDataType, type DataType, type TensorData } from './dtype.js';
import { elementCount } from './shape.js';

/**
 * A dense tensor: row-major elements, and dimensions outermost first. An onnxruntime-common Tensor
 * on the CPU can be used directly.
 */
export interface Tensor {
  readonly type: DataType;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** A tensor whose elements are float32. */
export interface FloatTensor extends Tensor {
  readonly type: 'float32';
  readonly data: Float32Array;
}

/**
 * Checks what TypeScript cannot: that the data is an array of the kind and length that the type and
 * the dimensions require. Each property of a caller's object is read once.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function checkTensor(value: Tensor, name: string): Tensor {
  if (typeof value !== 'object' || value === null) throw argumentError('a tensor', name, value);
  const { type, data } = value;
  if (!isDataType(type)) throw argumentError('an element type', `${name}.type`, type);
  if (!Array.isArray(value.dims)) throw argumentError('an array', `${name}.dims`, value.dims);
  const dims = [...(value.dims as readonly number[])];
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw argumentError('whole numbers >= 0', `${name}.dims`, dims);
    }
  }
  const count = elementCount(dims);
  if (!Number.isSafeInteger(count)) throw argumentError('fewer elements', `${name}.dims`, dims);
  if (!holds(type, data)) throw argumentError(`${type} elements`, `${name}.data`, data);
  if (data.length !== count) {
    throw argumentError(`${count} elements`, `${name}.data`, data.length);
  }
  return { type, data, dims };
}
