import { ConvfuseError } from '../errors.js';
import { isFloatType, type DataType } from '../tensor/dtype.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../tensor/half.js';
import type { Node } from '../ir/node.js';
import { roundToBfloat16, roundToFloat16 } from '../tensor/round-half.js';
import { elementsOf, UNKNOWN } from './facts.js';
import type { NumberArray } from './elementwise.js';
import type { Evaluation, Operator, RepeatedRun, RunTensor, ValueFacts } from './operator.js';
import { runRepeatable } from './repeatable.js';
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

/** The type named by an attribute: a number, or a name before opset 6. */
export function typeAttribute(node: Node, name: string): DataType | undefined {
  const found = node.attributes.get(name);
  if (found?.kind === 'int') return TYPES.get(found.value);
  if (found?.kind !== 'string') return undefined;
  const text = found.value.toLowerCase();
  const alias = { float: 'float32', double: 'float64' }[text] ?? text;
  return [...TYPES.values()].find((type) => type === alias);
}

/** Rounds a number to a floating-point type. */
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

/** Cuts off the fraction; NaN and infinities become 0. Storing the result wraps as in C. */
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

/** @param repeats whether x is input 0 and the cast is the whole step, which can then be repeated */
export function castTo(call: Evaluation, x: RunTensor, type: DataType, repeats = false): RunTensor {
  const { dims } = x;
  if (x.type === type || isHeldAs(call, x, type)) {
    if (repeats) call.repeatable({ type, dims, layout: undefined });
    return { ...x, type };
  }
  if (type === 'string') {
    throw nodeError(call.node, 'ERR_UNSUPPORTED', 'casts to strings are not supported');
  }
  const run = isNarrow(x.type) && isNarrow(type) ? narrowRun(call, x, type) : undefined;
  const how = { type, dims, layout: undefined, run: run ?? generalRun(type) };
  return runRepeatable(call, x.data, how, repeats);
}

/** Whether a cast changes no number: float32 runs hold 16-bit floats, which it all contains, in float32. */
function isHeldAs(call: Evaluation, x: RunTensor, type: DataType): boolean {
  return (
    type === 'float32' &&
    isFloatType(x.type) &&
    call.arithmetic === 'float32' &&
    x.type !== 'float64'
  );
}

/** Whether elements are plain JavaScript numbers. */
function isNarrow(type: DataType): boolean {
  return type !== 'string' && !isWide(type);
}

/** A fast loop for casts that are applied to whole feature maps; undefined for others. */
function narrowRun(call: Evaluation, x: RunTensor, type: DataType): RepeatedRun | undefined {
  const single = call.arithmetic === 'float32';
  switch (type) {
    case 'float32':
      return single ? (from, _, to) => (to as Float32Array).set(from as Float32Array) : undefined;
    case 'float16':
    case 'bfloat16': {
      if (!(single && x.data instanceof Float32Array)) return undefined;
      const round = type === 'float16' ? roundToFloat16 : roundToBfloat16;
      return (from, _, to) => round(from as Float32Array, to as Float32Array);
    }
    case 'bool':
      return (from, _, to) => {
        const [source, out] = [from as NumberArray, to as Uint8Array];
        for (let i = 0; i < out.length; i++) out[i] = source[i] !== 0 ? 1 : 0;
      };
    case 'float64':
      return undefined;
    default:
      // Storing into an integer array cuts off the fraction and wraps; NaN and infinities become 0.
      return (from, _, to) => {
        const [source, out] = [from as NumberArray, to as NumberArray];
        for (let i = 0; i < out.length; i++) out[i] = source[i]!;
      };
  }
}

/** A loop for elements of any type. */
function generalRun(type: DataType): RepeatedRun {
  if (isWide(type)) {
    return (from, _, to) => {
      const out = to as BigInt64Array;
      for (let i = 0; i < out.length; i++) {
        const value = from[i]!;
        out[i] = typeof value === 'bigint' ? value : BigInt(truncate(asNumber(value)));
      }
    };
  }
  const round = type === 'bool' ? flag : isFloatType(type) ? rounding(type) : truncate;
  return (from, _, to) => {
    const out = to as Float32Array;
    for (let i = 0; i < out.length; i++) out[i] = round(asNumber(from[i]!));
  };
}

function flag(value: number): number {
  return value !== 0 ? 1 : 0;
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
      if (type === undefined)
        throw nodeError(call.node, 'ERR_UNSUPPORTED', 'the target type is not supported');
      return [castTo(call, required(call.node, inputs, 0), type, true)];
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
