import { argumentError, checkObject } from '../errors.js';
import { isFloat16Array, isFloatType, type FloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { checkTensor, type Tensor } from '../tensor/tensor.js';
import type { Statistics } from './batch-norm.js';
import { widen, type StoredArray } from './stored.js';

/**
 * A one-dimensional parameter: a tensor, or a plain typed array. A plain Uint16Array has the
 * type of the weight beside it, which must then be float16 or bfloat16.
 */
export type Parameter = Tensor | Float32Array | Float64Array | Uint16Array;

/** A convolution's or linear layer's parameters. */
export interface LayerParameters {
  /** Convolution: [M, C/groups, ...kernel]; transposed: [C, M/groups, ...kernel]. */
  readonly weight: Tensor;
  /** [M]; absent: zeros. */
  readonly bias?: Parameter | undefined;
  /** Default: 1. */
  readonly groups?: number | undefined;
  readonly transposed?: boolean | undefined;
}

/** A batch norm's parameters, each [C], named as PyTorch names them. */
export interface BatchNormParameters {
  /** gamma; absent: ones. */
  readonly weight?: Parameter | undefined;
  /** beta; absent: zeros. */
  readonly bias?: Parameter | undefined;
  readonly runningMean: Parameter;
  readonly runningVar: Parameter;
  /** Default: 1e-5. */
  readonly eps?: number | undefined;
}

export interface FloatWeight {
  readonly type: FloatType;
  readonly dims: readonly number[];
  readonly data: StoredArray;
}

/** A weight tensor, checked; float16 as its bits. @throws ConvfuseError ERR_ARGUMENT */
export function floatWeight(value: Tensor, name: string): FloatWeight {
  const { type, data, dims } = checkTensor(value, name);
  if (!isFloatType(type)) throw argumentError('a floating-point type', `${name}.type`, type);
  return { type, dims, data: bitsOf(data as StoredArray) };
}

/** A parameter of `length` elements as doubles. @throws ConvfuseError ERR_ARGUMENT */
export function doubles(
  value: Parameter,
  name: string,
  length: number,
  type: FloatType,
): Float64Array {
  const tensor = asWeight(value, name, type);
  if (tensor.dims.length !== 1 || elementCount(tensor.dims) !== length) {
    throw argumentError(`${length} elements in one dimension`, name, tensor.dims);
  }
  return widen(tensor.type, tensor.data);
}

/** Batch norm parameters over `channels` channels. @throws ConvfuseError ERR_ARGUMENT */
export function statisticsOf(
  bn: BatchNormParameters,
  channels: number,
  type: FloatType,
): Statistics {
  const read = (value: Parameter | undefined, name: string, absent: number): Float64Array =>
    value === undefined
      ? new Float64Array(channels).fill(absent)
      : doubles(value, `batch norm ${name}`, channels, type);
  checkObject(bn, 'bn');
  const epsilon = bn.eps ?? 1e-5;
  if (typeof epsilon !== 'number') throw argumentError('a number', 'batch norm eps', epsilon);
  return {
    gamma: read(bn.weight, 'weight', 1),
    beta: read(bn.bias, 'bias', 0),
    mean: doubles(bn.runningMean, 'batch norm runningMean', channels, type),
    variance: doubles(bn.runningVar, 'batch norm runningVar', channels, type),
    epsilon,
  };
}

/**
 * A parameter that determines the type of a result.
 *
 * @param sixteenBit type of the bits in a plain Uint16Array
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function asWeight(value: Parameter, name: string, sixteenBit?: FloatType): FloatWeight {
  // A proxy of a typed array passes `instanceof`, but has no elements.
  if (!ArrayBuffer.isView(value)) return floatWeight(value, name);
  if (value instanceof Float32Array) {
    return { type: 'float32', dims: [value.length], data: value };
  }
  if (value instanceof Float64Array) {
    return { type: 'float64', dims: [value.length], data: value };
  }
  if (ArrayBuffer.isView(value) && isFloat16Array(value)) {
    const data = bitsOf(value);
    return { type: 'float16', dims: [data.length], data };
  }
  if (value instanceof Uint16Array) {
    if (sixteenBit !== 'float16' && sixteenBit !== 'bfloat16') {
      throw argumentError('a tensor that names the type of its bits', name, value);
    }
    return { type: sixteenBit, dims: [value.length], data: value };
  }
  return floatWeight(value as Tensor, name);
}

/** A Float16Array (Node 24) as its bits; other arrays unchanged. */
function bitsOf(data: ArrayBufferView): StoredArray {
  if (!isFloat16Array(data)) return data as StoredArray;
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

/** A folded result in the same kind of array as the caller's weight. */
export function storedLike(weight: Tensor, stored: StoredArray): StoredArray {
  const { data } = weight;
  if (!ArrayBuffer.isView(data) || !isFloat16Array(data)) return stored;
  const Kind = data.constructor as new (buffer: ArrayBufferLike) => StoredArray;
  return new Kind(stored.buffer);
}

/** The number of groups, checked. @throws ConvfuseError ERR_ARGUMENT */
export function groupsOf(layer: LayerParameters): number {
  const groups = layer.groups ?? 1;
  if (!Number.isSafeInteger(groups) || groups < 1) {
    throw argumentError('a whole number >= 1', 'groups', groups);
  }
  return groups;
}
