// MeanVarianceNormalization and RMSNormalization, which normalise over given axes.

import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { MUL } from './arithmetic.js';
import { DEFAULT_EPSILON } from './batch-normalization.js';
import { outerOffsets } from './broadcast.js';
import { evaluateBinary } from './elementwise.js';
import { likeInput } from './facts.js';
import type { Operator } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { axisOf, operator } from './schema.js';

/** Added to the deviation, so that it is never 0 (ONNX Operators.md, its function body). */
const MVN_EPSILON = 1e-9;

interface Statistics {
  readonly axes: readonly number[];
  readonly scaled: boolean;
}

function statisticsOf(node: Node, rank: number): Statistics {
  if (node.opset >= 9) {
    const axes = node.attribute('axes', 'ints') ?? [0, 2, 3];
    return { axes: axes.map((axis) => axisOf(node, axis, rank)), scaled: true };
  }
  // Also over the images of a batch, as in onnxruntime and by the default of opset 9.
  const across = node.attribute('across_channels', 'int') === 1;
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(
    (axis) => axis !== 1 || across,
  );
  return { axes, scaled: node.attribute('normalize_variance', 'int') !== 0 };
}

/** y = (x - mean) / (deviation + 1e-9), over axes. */
const meanVarianceNormalization = operator('MeanVarianceNormalization', {
  infer: likeInput,
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    const { axes, scaled } = statisticsOf(call.node, x.dims.length);
    const source = floatsOf(call.node, x);
    const data = call.allocate(x.type, x.dims) as FloatArray;
    const strides = stridesOf(x.dims);
    const offsetsOf = (some: readonly number[]): Int32Array => {
      const sizes = some.map((axis) => x.dims[axis]!);
      const steps = some.map((axis) => strides[axis]!);
      return outerOffsets(sizes, steps, elementCount(sizes));
    };
    const kept = x.dims.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const inner = offsetsOf([...new Set(axes)]);
    for (const at of offsetsOf(kept)) {
      let sum = 0;
      for (const offset of inner) sum += source[at + offset]!;
      const mean = sum / inner.length;
      let squares = 0;
      for (const offset of inner) squares += (source[at + offset]! - mean) ** 2;
      const deviation = scaled ? Math.sqrt(squares / inner.length) + MVN_EPSILON : 1;
      for (const offset of inner) data[at + offset] = (source[at + offset]! - mean) / deviation;
    }
    return [{ ...x, data }];
  },
});

/** y = x / sqrt(mean of squares + epsilon) * scale, over the axes from `axis` on (Zhang, Sennrich 2019). */
const rmsNormalization = operator('RMSNormalization', {
  since: 23,
  inputs: [2, 2],
  infer: likeInput,
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const axis = axisOf(node, node.attribute('axis', 'int') ?? -1, x.dims.length);
    const epsilon = node.attribute('epsilon', 'float') ?? DEFAULT_EPSILON;
    const size = elementCount(x.dims.slice(axis));
    const source = floatsOf(node, x);
    const data = call.allocate(x.type, x.dims) as FloatArray;
    for (let from = 0; from < data.length; from += size) {
      let squares = 0;
      for (let i = from; i < from + size; i++) squares += source[i]! ** 2;
      const factor = 1 / Math.sqrt(squares / size + epsilon);
      for (let i = from; i < from + size; i++) data[i] = source[i]! * factor;
    }
    const normalised = { type: x.type, dims: x.dims, data };
    return [evaluateBinary(call, normalised, required(node, inputs, 1), MUL)];
  },
});

export const axisNormalizations: readonly Operator[] = [
  meanVarianceNormalization,
  rmsNormalization,
];
