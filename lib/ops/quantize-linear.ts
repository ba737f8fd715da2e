// QuantizeLinear and DequantizeLinear, per tensor or per axis.

import type { DataType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { typeAttribute } from './cast.js';
import type { NumberArray } from './elementwise.js';
import type { Operator, RepeatedRun, RunTensor, ValueFacts } from './operator.js';
import { othersConstant, runRepeatable } from './repeatable.js';
import { floatsOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';

export const RANGES: Partial<Record<DataType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** Scales and zero points, each for `span` consecutive elements, in turn. */
interface Steps {
  readonly span: number;
  readonly scales: FloatArray;
  readonly zeros: NumberArray | undefined;
}

/** One scale for everything, or one for each index of the axis. */
function stepsOf(node: Node, x: RunTensor, scale: RunTensor, zero: RunTensor | undefined): Steps {
  if ((node.attribute('block_size', 'int') ?? 0) !== 0) {
    throw nodeError(node, 'ERR_UNSUPPORTED', 'blocked quantisation is not supported');
  }
  const scales = floatsOf(node, scale);
  const zeros = zero?.data as NumberArray | undefined;
  if (scales.length === 1) return { span: Math.max(1, x.data.length), scales, zeros };
  const axis = axisOf(node, node.attribute('axis', 'int') ?? 1, x.dims.length);
  if (scales.length !== x.dims[axis]) {
    throw nodeError(node, 'ERR_MODEL', `scale has ${scales.length} elements`);
  }
  return { span: elementCount(x.dims.slice(axis + 1)), scales, zeros };
}

/** Doubles between 2^52 and 2^53 are the whole numbers, so adding this rounds, ties to even. */
const WHOLE = 1.5 * 2 ** 52;

/** Nearest whole number, ties to even. From 2^51 on, doubles have at most one binary place. */
export function nearest(x: number): number {
  return Math.abs(x) < 2 ** 51 ? x + WHOLE - WHOLE : Math.round(x);
}

/**
 * y = clamp(round(x / scale) + zero); NaN becomes 0, as in every array of whole numbers.
 *
 * @param narrow whether quotients are rounded to float32, as in other engines: means of two
 * quantised numbers are ties there, but not in double
 */
function quantizeRun(
  { span, scales, zeros }: Steps,
  [low, high]: readonly [number, number],
  narrow: boolean,
): RepeatedRun {
  return (from, _, to) => {
    const [x, y] = [from as FloatArray, to as NumberArray];
    for (let begin = 0, c = 0; begin < y.length; begin += span, c = (c + 1) % scales.length) {
      const [scale, zero] = [scales[c]!, zeros?.[c] ?? 0];
      for (let i = begin; i < begin + span; i++) {
        const quotient = x[i]! / scale;
        const value = nearest(narrow ? Math.fround(quotient) : quotient) + zero;
        y[i] = value < low ? low : value > high ? high : value;
      }
    }
  };
}

/** y = (x - zero) * scale */
function dequantizeRun({ span, scales, zeros }: Steps): RepeatedRun {
  return (from, _, to) => {
    const [x, y] = [from as NumberArray, to as FloatArray];
    for (let begin = 0, c = 0; begin < y.length; begin += span, c = (c + 1) % scales.length) {
      const [scale, zero] = [scales[c]!, zeros?.[c] ?? 0];
      for (let i = begin; i < begin + span; i++) y[i] = (x[i]! - zero) * scale;
    }
  };
}

export const quantisations: readonly Operator[] = [
  operator('QuantizeLinear', {
    since: 10,
    inputs: [2, 3],
    infer(node, [x, , zero]): ValueFacts[] {
      return [
        { type: zero?.type ?? typeAttribute(node, 'output_dtype') ?? 'uint8', dims: x?.dims },
      ];
    },
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      const scale = required(node, inputs, 1);
      const zero = inputs[2];
      const type = zero?.type ?? typeAttribute(node, 'output_dtype') ?? 'uint8';
      const range = RANGES[type];
      if (range === undefined)
        throw nodeError(node, 'ERR_UNSUPPORTED', `quantisation to ${type} is not supported`);
      const steps = stepsOf(node, x, scale, zero);
      const narrow = floatsOf(node, x) instanceof Float32Array;
      const how = { type, dims: x.dims, layout: undefined, run: quantizeRun(steps, range, narrow) };
      return [runRepeatable(call, x.data, how, othersConstant(call, inputs))];
    },
  }),
  operator('DequantizeLinear', {
    since: 10,
    inputs: [2, 3],
    infer: (_node, [x, scale]): ValueFacts[] => [{ type: scale?.type, dims: x?.dims }],
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      const scale = required(node, inputs, 1);
      if (RANGES[x.type] === undefined) {
        throw nodeError(node, 'ERR_UNSUPPORTED', `dequantisation of ${x.type} is not supported`);
      }
      const run = dequantizeRun(stepsOf(node, x, scale, inputs[2]));
      const how = { type: scale.type, dims: x.dims, layout: undefined, run };
      return [runRepeatable(call, x.data, how, othersConstant(call, inputs))];
    },
  }),
];
