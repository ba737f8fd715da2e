import { ConvfuseError } from '../../errors.js';
import { allocate, type DataType, type TensorData } from '../../tensor/dtype.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../tensor/half.js';
import { Random } from '../../tensor/random.js';
import { elementCount } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';

/** Element types by their names in the text form: those of ONNX, and those of this library. */
const TYPES: ReadonlyMap<string, DataType> = new Map<string, DataType>([
  ['float', 'float32'],
  ['double', 'float64'],
  ...(
    [
      ['float32', 'float64', 'float16', 'bfloat16', 'string', 'bool'],
      ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'],
    ] as const
  )
    .flat()
    .map((type): [string, DataType] => [type, type]),
]);

export function typeFromText(text: string): DataType | undefined {
  return TYPES.get(text);
}

export function typeToText(type: DataType): string {
  if (type === 'float32') return 'float';
  return type === 'float64' ? 'double' : type;
}

/** Parses a number; inf and nan are allowed. */
export function numberFromText(text: string): number {
  const magnitude = text.replace(/^[-+]/, '');
  const value = magnitude === 'inf' ? Infinity : magnitude === 'nan' ? NaN : Number(magnitude);
  return text.startsWith('-') ? -value : value;
}

export function numberToText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
}

/**
 * Makes a tensor of its elements in text form.
 *
 * @throws ConvfuseError ERR_ARGUMENT when there are too few or too many
 */
export function tensorFromText(
  type: DataType,
  dims: readonly number[],
  elements: readonly string[],
): Tensor {
  const count = elementCount(dims);
  if (elements.length !== count) {
    throw new ConvfuseError(
      'ERR_ARGUMENT',
      `expected ${count} elements for a tensor of the text, received ${elements.length}`,
    );
  }
  if (type === 'string') return { type, dims, data: elements };
  if (type === 'int64' || type === 'uint64') {
    const data = allocate(type, count) as BigInt64Array;
    for (let i = 0; i < count; i++) data[i] = BigInt(elements[i]!);
    return { type, dims, data };
  }
  return fromNumbers(type, dims, (i) => numberFromText(elements[i]!));
}

/** The elements of a tensor as text, in a form that tensorFromText reads back bit for bit. */
export function elementsToText({ type, data }: Tensor): string[] {
  return Array.from<number | bigint | string, string>(data, (element) => {
    if (typeof element === 'string') return JSON.stringify(element);
    if (typeof element === 'bigint') return String(element);
    if (type === 'float16') return numberToText(fromFloat16(element));
    if (type === 'bfloat16') return numberToText(fromBfloat16(element));
    return numberToText(element);
  });
}

/** A tensor of seeded random elements; `positive` ones for variances. */
export function seededTensor(
  type: DataType,
  dims: readonly number[],
  seed: number,
  positive: boolean,
): Tensor {
  const random = new Random(seed);
  if (type === 'string') {
    const data = Array.from({ length: elementCount(dims) }, () => `s${random.integer(0, 99)}`);
    return { type, dims, data };
  }
  if (type === 'int64' || type === 'uint64') {
    const data = allocate(type, elementCount(dims)) as BigInt64Array;
    const low = type === 'int64' ? -8 : 0;
    for (let i = 0; i < data.length; i++) data[i] = BigInt(random.integer(low, 8));
    return { type, dims, data };
  }
  const float = type.includes('float');
  const low = type === 'bool' ? 0 : type.startsWith('uint') ? 0 : -8;
  const high = type === 'bool' ? 1 : 8;
  return fromNumbers(type, dims, () => {
    if (!float) return random.integer(low, high);
    return positive ? 0.5 + random.uniform() : random.normal();
  });
}

/** A seed derived from a name alone (FNV-1a hash), so that its numbers depend on nothing else. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

function fromNumbers(
  type: Exclude<DataType, 'string' | 'int64' | 'uint64'>,
  dims: readonly number[],
  element: (index: number) => number,
): Tensor {
  const data = allocate(type, elementCount(dims)) as Exclude<
    TensorData,
    BigInt64Array | BigUint64Array | readonly string[]
  >;
  const round =
    type === 'float16' ? toFloat16 : type === 'bfloat16' ? toBfloat16 : (value: number) => value;
  for (let i = 0; i < data.length; i++) data[i] = round(element(i));
  return { type, dims, data };
}
