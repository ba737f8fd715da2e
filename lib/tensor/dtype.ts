import { ConvfuseError } from '../errors.js';

/** Element types, named as onnxruntime-common names them. */
export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string';

/** Element types that weights and batch norm parameters may have. */
export type FloatType = 'float32' | 'float64' | 'float16' | 'bfloat16';

/**
 * Arrays that hold a tensor's elements. float16 and bfloat16 are held as bits in a Uint16Array,
 * bool as 0 and 1 in a Uint8Array.
 */
export type TensorData =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly string[];

interface NumericType {
  readonly bytes: number;
  readonly array: { new (length: number): Exclude<TensorData, readonly string[]> };
}

const NUMERIC: Readonly<Record<Exclude<DataType, 'string'>, NumericType>> = {
  float32: { bytes: 4, array: Float32Array },
  float64: { bytes: 8, array: Float64Array },
  float16: { bytes: 2, array: Uint16Array },
  bfloat16: { bytes: 2, array: Uint16Array },
  int8: { bytes: 1, array: Int8Array },
  uint8: { bytes: 1, array: Uint8Array },
  int16: { bytes: 2, array: Int16Array },
  uint16: { bytes: 2, array: Uint16Array },
  int32: { bytes: 4, array: Int32Array },
  uint32: { bytes: 4, array: Uint32Array },
  int64: { bytes: 8, array: BigInt64Array },
  uint64: { bytes: 8, array: BigUint64Array },
  bool: { bytes: 1, array: Uint8Array },
};

/** Whether a value given by a caller is the name of an element type. */
export function isDataType(name: unknown): name is DataType {
  return name === 'string' || Object.hasOwn(NUMERIC, name as string);
}

/** Bytes of one element; 0 for strings, which have no fixed size. */
export function elementBytes(type: DataType): number {
  return type === 'string' ? 0 : NUMERIC[type].bytes;
}

/** A zeroed array for `length` elements of a type. @throws ConvfuseError ERR_MEMORY */
export function allocate(type: DataType, length: number): TensorData {
  try {
    return type === 'string' ? new Array<string>(length).fill('') : new NUMERIC[type].array(length);
  } catch (cause) {
    // A RangeError: too little memory, or more elements than Node's arrays can hold.
    throw new ConvfuseError('ERR_MEMORY', `no memory for ${length} elements of ${type}`, { cause });
  }
}

/** Whether `data` is the kind of array that holds elements of `type`. */
export function holds(type: DataType, data: unknown): data is TensorData {
  if (type === 'string')
    return Array.isArray(data) && data.every((item) => typeof item === 'string');
  // A proxy of a typed array passes `instanceof`, but has no elements.
  if (!ArrayBuffer.isView(data)) return false;
  if (type === 'float16' && isFloat16Array(data)) return true;
  return data instanceof NUMERIC[type].array;
}

/**
 * Whether an array is a Float16Array. Node 24 has them, and onnxruntime-common then returns float16
 * tensors in them.
 */
export function isFloat16Array(data: ArrayBufferView): boolean {
  return Object.prototype.toString.call(data) === '[object Float16Array]';
}

export function isFloatType(type: DataType | undefined): type is FloatType {
  return type === 'float32' || type === 'float64' || type === 'float16' || type === 'bfloat16';
}

/** Unit roundoff: half the distance from 1 to the next number. */
export function unitRoundoff(type: FloatType): number {
  switch (type) {
    case 'float64':
      return 2 ** -53;
    case 'float32':
      return 2 ** -24;
    case 'float16':
      return 2 ** -11;
    case 'bfloat16':
      return 2 ** -8;
  }
}
