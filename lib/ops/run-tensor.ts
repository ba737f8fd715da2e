import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { allocate, isFloat16Array, isFloatType, type DataType } from '../tensor/dtype.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../tensor/half.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Arithmetic, RunTensor } from './operator.js';
import { nodeError, unsupportedType } from './schema.js';

/** The array type in which a run holds numbers of a floating-point type. */
export function floatArray(type: DataType, arithmetic: Arithmetic, count: number): FloatArray {
  const double = arithmetic === 'float64' || type === 'float64';
  return allocate(double ? 'float64' : 'float32', count) as FloatArray;
}

/** A stored tensor as runs hold it. Shares memory where nothing has to be converted. */
export function toRunTensor(tensor: Tensor, arithmetic: Arithmetic): RunTensor {
  const { type, dims, data } = tensor;
  if (type === 'bool') return { type, dims, data: flagsOf(data as Uint8Array) };
  if (!isFloatType(type)) return { type, dims, data };
  const source = data as Exclude<
    Tensor['data'],
    readonly string[] | BigInt64Array | BigUint64Array
  >;
  const double = arithmetic === 'float64' || type === 'float64';
  if (double ? source instanceof Float64Array : source instanceof Float32Array) {
    return { type, dims, data: source };
  }
  const out = floatArray(type, arithmetic, source.length);
  const bits = !isFloat16Array(source);
  if (type === 'float16' && bits)
    for (let i = 0; i < out.length; i++) out[i] = fromFloat16(source[i]!);
  else if (type === 'bfloat16')
    for (let i = 0; i < out.length; i++) out[i] = fromBfloat16(source[i]!);
  else out.set(source);
  return { type, dims, data: out };
}

/** Makes flags 0 or 1, as operators expect: masks may be of 0 and 255. */
function flagsOf(data: Uint8Array): Uint8Array {
  return data.every((flag) => flag <= 1) ? data : data.map((flag) => (flag === 0 ? 0 : 1));
}

/** Converts a tensor of a run for the user: in memory of its own, rounded to its type. */
export function fromRunTensor(tensor: RunTensor): Tensor {
  const { type, dims, data } = tensor;
  if (type === 'string') return { type, dims: [...dims], data: [...(data as readonly string[])] };
  const out = allocate(type, data.length);
  if (type === 'float16' || type === 'bfloat16') {
    const source = data as FloatArray;
    const bits = out as Uint16Array;
    const round = type === 'float16' ? toFloat16 : toBfloat16;
    for (let i = 0; i < bits.length; i++) bits[i] = round(source[i]!);
  } else {
    (out as Float32Array).set(data as Float32Array);
  }
  return { type, dims: [...dims], data: out };
}

/** A required input. @throws ConvfuseError ERR_MODEL */
export function required(
  node: Node,
  inputs: readonly (RunTensor | undefined)[],
  index: number,
): RunTensor {
  const tensor = inputs[index];
  if (tensor === undefined) throw nodeError(node, 'ERR_MODEL', `input ${index} is missing`);
  return tensor;
}

/** The elements of a floating-point tensor. @throws ConvfuseError ERR_UNSUPPORTED */
export function floatsOf(node: Node, tensor: RunTensor): FloatArray {
  if (!isFloatType(tensor.type)) {
    throw unsupportedType(node, tensor.type);
  }
  return tensor.data as FloatArray;
}

/** All elements as numbers; for shapes, axes and other small tensors. */
export function numbersOf(tensor: { readonly data: Tensor['data'] }): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** Whether the elements are held as bigint. */
export function isWide(type: DataType): boolean {
  return type === 'int64' || type === 'uint64';
}

/** A whole-number vector, as shape arithmetic makes them. */
export function int64Vector(values: readonly number[]): RunTensor {
  const data = BigInt64Array.from(values, (value) => BigInt(value));
  return { type: 'int64', dims: [values.length], data };
}
