import { ConvfuseError } from '../errors.js';
import { isFloatType, type DataType } from '../tensor/dtype.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../tensor/half.js';
import type { Node } from '../ir/node.js';
import { elementsOf, UNKNOWN } from './facts.js';
import type { Evaluation, Operator, RunTensor, ValueFacts } from './operator.js';
import { isWide, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** TensorProto.DataType numbers (onnx.proto). */
const TYPES: ReadonlyMap<number, DataType> = new Map([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [8, 'string'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [16, 'bfloat16'],
]);

/** The type that `to` names: a number, or its name before opset 6. */
export function typeAttribute(node: Node, name: string): DataType | undefined {
  const found = node.attributes.get(name);
  if (found?.kind === 'int') return TYPES.get(found.value);
  if (found?.kind !== 'string') return undefined;
  const text = found.value.toLowerCase();
  const alias = { float: 'float32', double: 'float64' }[text] ?? text;
  return [...TYPES.values()].find((type) => type === alias);
}

/** What a floating-point type keeps of a number. */
function rounding(type: DataType): (value: number) => number {
  switch (type) {
    case 'float16':
      return (value) => fromFloat16(toFloat16(value));
    case 'bfloat16':
      return (value) => fromBfloat16(toBfloat16(value));
    case 'float32':
      return Math.fround;
    default:
      return (value) => value;
  }
}

/** Whole numbers of a type: the fraction is cut off, the rest wraps as in C; NaN becomes 0. */
function truncate(value: number): number {
  return Number.isFinite(value) ? Math.trunc(value) : 0;
}

function parse(text: string): number {
  const value = /^[+-]?inf/i.test(text)
    ? text.startsWith('-')
      ? -Infinity
      : Infinity
    : Number(text);
  if (Number.isNaN(value) && !/nan/i.test(text)) {
    throw new ConvfuseError('ERR_ARGUMENT', `expected a number, received ${JSON.stringify(text)}`);
  }
  return value;
}

export function castTo(call: Evaluation, x: RunTensor, type: DataType): RunTensor {
  if (x.type === type) return x;
  const { dims } = x;
  const count = x.data.length;
  const data = call.allocate(type, dims);
  if (type === 'string') throw nodeError(call.node, 'ERR_UNSUPPORTED', 'casts to strings');
  if (isWide(type)) {
    const out = data as BigInt64Array;
    for (let i = 0; i < count; i++) {
      const value = x.data[i]!;
      out[i] = typeof value === 'bigint' ? value : BigInt(truncate(asNumber(value)));
    }
    return { type, dims, data };
  }
  const out = data as Float32Array;
  if (type === 'float32' && out instanceof Float32Array && isArrayOfNumbers(x.type)) {
    // Rounds as the loop below, in native code.
    out.set(x.data as ArrayLike<number>);
    return { type, dims, data };
  }
  const float = isFloatType(type);
  const round = rounding(type);
  for (let i = 0; i < count; i++) {
    const value = asNumber(x.data[i]!);
    if (type === 'bool') out[i] = value !== 0 ? 1 : 0;
    else out[i] = float ? round(value) : truncate(value);
  }
  return { type, dims, data };
}

function isArrayOfNumbers(type: DataType): boolean {
  return type !== 'string' && !isWide(type);
}

function asNumber(value: number | bigint | string): number {
  return typeof value === 'string' ? parse(value) : Number(value);
}

function castFacts(x: ValueFacts | undefined, type: DataType | undefined): ValueFacts[] {
  const whole =
    (type === 'int64' || type === 'int32') && x?.type !== undefined && !isFloatType(x.type);
  return [{ type, dims: x?.dims, elements: whole ? elementsOf(x) : undefined }];
}

export const casts: readonly Operator[] = [
  operator('Cast', {
    infer: (node, [x]) => castFacts(x, typeAttribute(node, 'to')),
    evaluate(call, inputs) {
      const type = typeAttribute(call.node, 'to');
      if (type === undefined) throw nodeError(call.node, 'ERR_UNSUPPORTED', 'its target type');
      return [castTo(call, required(call.node, inputs, 0), type)];
    },
  }),
  operator('CastLike', {
    since: 15,
    inputs: [2, 2],
    infer: (_node, [x, like]) => (like === undefined ? [UNKNOWN] : castFacts(x, like.type)),
    evaluate: (call, inputs) => [
      castTo(call, required(call.node, inputs, 0), required(call.node, inputs, 1).type),
    ],
  }),
];
