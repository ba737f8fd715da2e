// QuantizeLinear and DequantizeLinear, per tensor or per axis.

import type { DataType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { typeAttribute } from './cast.js';
import type { NumberArray } from './elementwise.js';
import type { Operator, RunTensor, ValueFacts } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';

export const RANGES: Partial<Record<DataType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** How many consecutive elements share a scale: everything for one scale, else by the axis. */
function spanOf(node: Node, x: RunTensor, scale: RunTensor): number {
  if ((node.attribute('block_size', 'int') ?? 0) !== 0) {
    throw nodeError(node, 'ERR_UNSUPPORTED', 'blocked quantisation is not supported');
  }
  if (scale.data.length === 1) return Math.max(1, x.data.length);
  const axis = axisOf(node, node.attribute('axis', 'int') ?? 1, x.dims.length);
  if (scale.data.length !== x.dims[axis]) {
    throw nodeError(node, 'ERR_MODEL', `scale has ${scale.data.length} elements`);
  }
  return elementCount(x.dims.slice(axis + 1));
}

/** From here to 2^53, doubles are the whole numbers: what is added is rounded, ties to even. */
const WHOLE = 1.5 * 2 ** 52;

/** Nearest whole number, ties to even. Beyond 2^51 there is next to nothing to round. */
export function nearest(x: number): number {
  return Math.abs(x) < 2 ** 51 ? x + WHOLE - WHOLE : Math.round(x);
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
      if (range === undefined) throw nodeError(node, 'ERR_UNSUPPORTED', `quantisation to ${type}`);
      const span = spanOf(node, x, scale);
      const source = floatsOf(node, x);
      const scales = floatsOf(node, scale);
      const zeros = zero?.data as NumberArray | undefined;
      const data = call.allocate(type, x.dims) as NumberArray;
      // Means of two quantised numbers are ties in float32, where everyone divides, and not in double.
      const rounded = source instanceof Float32Array ? Math.fround : (value: number) => value;
      for (let i = 0; i < data.length; i++) {
        const c = Math.floor(i / span) % scales.length;
        const value = nearest(rounded(source[i]! / scales[c]!)) + (zeros?.[c] ?? 0);
        data[i] = Math.max(range[0], Math.min(range[1], value));
      }
      return [{ type, dims: x.dims, data }];
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
        throw nodeError(node, 'ERR_UNSUPPORTED', `dequantisation of ${x.type}`);
      }
      const span = spanOf(node, x, scale);
      const source = x.data as NumberArray;
      const scales = floatsOf(node, scale);
      const zeros = inputs[2]?.data as NumberArray | undefined;
      const data = call.allocate(scale.type, x.dims) as FloatArray;
      for (let i = 0; i < data.length; i++) {
        const c = Math.floor(i / span) % scales.length;
        data[i] = (source[i]! - (zeros?.[c] ?? 0)) * scales[c]!;
      }
      return [{ type: scale.type, dims: x.dims, data }];
    },
  }),
];
