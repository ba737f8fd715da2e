// QLinearConv, QLinearMatMul, MatMulInteger: arithmetic on bytes.

import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { convDims, convMacs } from './conv.js';
import { countOf } from './facts.js';
import type { NumberArray } from './elementwise.js';
import { productOf } from './matmul.js';
import type { Evaluation, Operator, RunTensor, ValueFacts } from './operator.js';
import { toInt32 } from './quantised.js';
import { nearest, RANGES } from './quantize-linear.js';
import { floatsOf, numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { convolveWhole } from './whole-conv.js';
import { multiplyWhole } from './whole-products.js';

/** A tensor, its scale and its zero point, which are consecutive inputs. */
interface Scaled {
  readonly x: RunTensor;
  readonly scale: ArrayLike<number>;
  readonly zero: RunTensor;
}

function scaledAt(
  node: Node,
  inputs: readonly (RunTensor | undefined)[],
  index: number,
  most: number,
): Scaled {
  const scale = floatsOf(node, required(node, inputs, index + 1));
  if (scale.length !== 1 && scale.length !== most) {
    throw nodeError(
      node,
      'ERR_UNSUPPORTED',
      `${scale.length} scales for input ${index} are not supported`,
    );
  }
  const [x, zero] = [required(node, inputs, index), required(node, inputs, index + 2)];
  return { x, scale, zero };
}

/** Rounds factors to float32, as other engines do, because ties decide the quantised result. */
function roundingOf(call: Evaluation): (value: number) => number {
  return call.arithmetic === 'float32' ? Math.fround : (value) => value;
}

/** The factors of sums, as a table, and the index of an element's factor in it. */
interface Factors {
  readonly left: ArrayLike<number>;
  readonly right: ArrayLike<number>;
  /** The number of factors in the table: `rightCount` for each of `left`. */
  readonly count: number;
  readonly rightCount: number;
  at(i: number): number;
}

/** Requantises sums to the node's output, whose scale and zero point are inputs 6 and 7. */
function requantised(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
  dims: readonly number[],
  sums: ArrayLike<number>,
  { left, right, count, rightCount, at }: Factors,
): RunTensor {
  const { node } = call;
  const zero = required(node, inputs, 7);
  const scale = numbersOf(required(node, inputs, 6));
  const range = RANGES[zero.type];
  const bytes = zero.type === 'int8' || zero.type === 'uint8';
  if (range === undefined || !bytes || scale.length !== 1 || zero.data.length !== 1) {
    const text = `quantisation to ${zero.type} by ${scale.length} scales is not supported`;
    throw nodeError(node, 'ERR_UNSUPPORTED', text);
  }
  const round = roundingOf(call);
  const factors = Float64Array.from({ length: count }, (_, i) => {
    const l = left.length === 1 ? left[0]! : left[Math.floor(i / rightCount)]!;
    const r = right.length === 1 ? right[0]! : right[i % rightCount]!;
    return round(round(l * r) / scale[0]!);
  });
  const point = numbersOf(zero)[0]!;
  const [least, most] = range;
  const data = call.allocate(zero.type, dims) as NumberArray;
  for (let i = 0; i < data.length; i++) {
    const value = nearest(round(round(sums[i]!) * factors[at(i)]!)) + point;
    data[i] = value < least ? least : value > most ? most : value;
  }
  return { type: zero.type, dims, data };
}

const qLinearConv = operator('QLinearConv', {
  since: 10,
  inputs: [8, 9],
  infer: (node, [x, , , w, , , , zero]): ValueFacts[] => [
    { type: zero?.type, dims: convDims(node, x, w) },
  ],
  macs: (_node, [, , , w], [y]) => convMacs(w, y),
  evaluate(call, inputs) {
    const { node } = call;
    const x = scaledAt(node, inputs, 0, 1);
    const w = scaledAt(node, inputs, 3, required(node, inputs, 3).dims[0]!);
    const constant = call.isConstant(3) && call.isConstant(5);
    const { dims, sums } = convolveWhole(call, x, w, constant);
    const [channels, plane] = [dims[1]!, elementCount(dims.slice(2))];
    const bias = inputs[8] && numbersOf(inputs[8]);
    if (bias !== undefined && bias.length !== channels) {
      throw nodeError(node, 'ERR_MODEL', `bias has ${bias.length} elements`);
    }
    const channel = (i: number): number => Math.floor(i / plane) % channels;
    const total = bias === undefined ? sums : new Int32Array(sums.length);
    for (let i = 0; i < total.length && bias; i++) total[i] = sums[i]! + bias[channel(i)]!;
    const counts = { count: channels, rightCount: channels };
    const factors = { left: x.scale, right: w.scale, ...counts, at: channel };
    return [requantised(call, inputs, dims, total, factors)];
  },
});

function productMacs(a: ValueFacts | undefined, y: ValueFacts | undefined): number {
  const k = a?.dims?.at(-1);
  return countOf(y) * (typeof k === 'number' ? k : 0);
}

const qLinearMatMul = operator('QLinearMatMul', {
  since: 10,
  inputs: [8, 8],
  infer(node, [a, , , b, , , , zero]): ValueFacts[] {
    const known = a?.dims !== undefined && b?.dims !== undefined;
    return [{ type: zero?.type, dims: known ? productOf(node, a.dims, b.dims).out : undefined }];
  },
  macs: (_node, [a], [y]) => productMacs(a, y),
  evaluate(call, inputs) {
    const { node } = call;
    const [left, right] = [required(node, inputs, 0), required(node, inputs, 3)];
    const { m, n } = productOf(node, left.dims, right.dims);
    const [a, b] = [scaledAt(node, inputs, 0, m), scaledAt(node, inputs, 3, n)];
    const constant = call.isConstant(3) && call.isConstant(5);
    const { dims, sums } = multiplyWhole(call, a, b, constant);
    const count = a.scale.length === 1 ? n : m * n;
    const at = (i: number): number => i % count;
    const factors = { left: a.scale, right: b.scale, count, rightCount: n, at };
    return [requantised(call, inputs, dims, sums, factors)];
  },
});

const matMulInteger = operator('MatMulInteger', {
  since: 10,
  inputs: [2, 4],
  infer(node, [a, b]): ValueFacts[] {
    const known = a?.dims !== undefined && b?.dims !== undefined;
    return [{ type: 'int32', dims: known ? productOf(node, a.dims, b.dims).out : undefined }];
  },
  macs: (_node, [a], [y]) => productMacs(a, y),
  evaluate(call, inputs) {
    const { node } = call;
    const a = { x: required(node, inputs, 0), zero: inputs[2] };
    const b = { x: required(node, inputs, 1), zero: inputs[3] };
    const constant = call.isConstant(1) && (b.zero === undefined || call.isConstant(3));
    const { dims, sums } = multiplyWhole(call, a, b, constant);
    return [toInt32(call, dims, sums)];
  },
});

export const qLinears: readonly Operator[] = [qLinearConv, qLinearMatMul, matMulInteger];
