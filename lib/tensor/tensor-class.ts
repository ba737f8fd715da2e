import { argumentError } from '../errors.js';
import type { DataType, TensorData } from './dtype.js';
import { elementCount } from './shape.js';
import { checkTensor, type Tensor as PlainTensor } from './tensor.js';

/**
 * A dense tensor: row-major elements, and dimensions outermost first. Any object with these three
 * properties is accepted, for instance an onnxruntime-common Tensor.
 */
export type Tensor = PlainTensor;

/** Element types of arrays for which no type is given. 16-bit floats have to be named. */
const TYPES: readonly (readonly [new (length: number) => object, DataType])[] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int8Array, 'int8'],
  [Uint8Array, 'uint8'],
  [Int16Array, 'int16'],
  [Uint16Array, 'uint16'],
  [Int32Array, 'int32'],
  [Uint32Array, 'uint32'],
  [BigInt64Array, 'int64'],
  [BigUint64Array, 'uint64'],
];

class DenseTensor implements PlainTensor {
  readonly type: DataType;
  readonly data: TensorData;
  readonly dims: readonly number[];

  constructor(type: DataType, data: TensorData | readonly number[], dims?: readonly number[]);
  constructor(data: TensorData, dims?: readonly number[]);
  constructor(
    first: DataType | TensorData,
    second?: TensorData | readonly number[],
    third?: readonly number[],
  ) {
    const named = typeof first === 'string';
    const type = named ? first : typeOf(first);
    const given = named ? second! : first;
    if (typeof given !== 'object') throw argumentError('an array', 'data', given);
    const dims = (named ? third : (second as readonly number[] | undefined)) ?? [given.length];
    const tensor = checkTensor({ type, data: elements(type, given), dims }, 'tensor');
    this.type = tensor.type;
    this.data = tensor.data;
    this.dims = tensor.dims;
  }

  /** The number of elements. */
  get size(): number {
    return elementCount(this.dims);
  }
}

function typeOf(data: TensorData): DataType {
  if (Array.isArray(data)) return 'string';
  const found = TYPES.find(([array]) => data instanceof array);
  if (found === undefined) throw argumentError('a typed array', 'data', data);
  return found[1];
}

/** Converts plain numbers to a typed array of the type. */
function elements(type: DataType, data: TensorData | readonly number[]): TensorData {
  if (!Array.isArray(data) || type === 'string') return data as TensorData;
  const array = TYPES.find(([, name]) => name === (type === 'bool' ? 'uint8' : type))?.[0];
  if (array === undefined) throw argumentError(`an array of ${type}`, 'data', data);
  const from = (array as unknown as { from(list: unknown[]): TensorData }).from.bind(array);
  try {
    return from(type.endsWith('int64') ? data.map(BigInt) : data.map(Number));
  } catch {
    throw argumentError(`numbers for ${type}`, 'data', data);
  }
}

/**
 * Makes a tensor as onnxruntime-common does: `new Tensor('float32', data, dims)`, or without the
 * type where the array implies it.
 *
 * @throws ConvfuseError ERR_ARGUMENT where type, elements and dimensions do not fit
 */
export const Tensor = DenseTensor;
