import type { FloatType } from '../tensor/dtype.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../tensor/half.js';

/** An array of weights: numbers, or the bits of a 16-bit type. */
export type StoredArray = Float32Array | Float64Array | Uint16Array;

/**
 * Every element as a double, exactly. For float64 this is `data` itself: do not write to the
 * result.
 */
export function widen(type: FloatType, data: StoredArray): Float64Array {
  if (data instanceof Float64Array) return data;
  if (data instanceof Float32Array) return new Float64Array(data);
  const convert = type === 'bfloat16' ? fromBfloat16 : fromFloat16;
  const out = new Float64Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = convert(data[i]!);
  return out;
}

/** A zeroed array for `length` elements of a type. */
export function storageFor(type: FloatType, length: number): StoredArray {
  if (type === 'float64') return new Float64Array(length);
  return type === 'float32' ? new Float32Array(length) : new Uint16Array(length);
}

/** Rounds doubles to a type, once each, ties to even; overflow becomes infinity. */
export function narrow(type: FloatType, values: Float64Array): StoredArray {
  const out = storageFor(type, values.length);
  narrowInto(type, values, out);
  return out;
}

/** narrow() into an existing array. */
export function narrowInto(type: FloatType, values: Float64Array, out: StoredArray): void {
  if (!(out instanceof Uint16Array)) return out.set(values);
  const convert = type === 'bfloat16' ? toBfloat16 : toFloat16;
  for (let i = 0; i < values.length; i++) out[i] = convert(values[i]!);
}

/** The number of a type that is nearest to a double. */
export function nearest(type: FloatType, value: number): number {
  switch (type) {
    case 'float64':
      return value;
    case 'float32':
      return Math.fround(value);
    case 'float16':
      return fromFloat16(toFloat16(value));
    case 'bfloat16':
      return fromBfloat16(toBfloat16(value));
  }
}

/** The least positive normal number of a type: below it, precision is lost bit by bit. */
export function leastNormal(type: FloatType): number {
  switch (type) {
    case 'float64':
      return 2 ** -1022;
    case 'float16':
      return 2 ** -14;
    case 'float32':
    case 'bfloat16':
      return 2 ** -126;
  }
}

/** Half the distance between subnormal numbers of a type: the most that rounding one can lose. */
export function subnormalHalfStep(type: FloatType): number {
  switch (type) {
    case 'float64':
      return Number.MIN_VALUE; // half of it is no double: rounded up, still a bound
    case 'float32':
      return 2 ** -150;
    case 'float16':
      return 2 ** -25;
    case 'bfloat16':
      return 2 ** -134;
  }
}
