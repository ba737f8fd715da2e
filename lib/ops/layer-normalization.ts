import type { FloatArray } from '../backend/backend.js';
import { elementCount, sameDims } from '../tensor/shape.js';
import { evaluateBinary } from './elementwise.js';
import { ADD, MUL } from './arithmetic.js';
import { DEFAULT_EPSILON } from './batch-normalization.js';
import { moments } from './instance-normalization.js';
import { normaliseRows } from './normalise-rows.js';
import type { RunTensor, ValueFacts } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { axisOf, operator } from './schema.js';

/**
 * Normalises over the axes from `axis` on, then scales and shifts by broadcast tensors. Accepted in
 * any opset: ONNX has it since 17, but exporters wrote it earlier, and onnxruntime runs it.
 */
export const layerNormalization = operator('LayerNormalization', {
  inputs: [2, 3],
  outputs: [1, 3],
  infer(node, [x]): ValueFacts[] {
    const y = { type: x?.type, dims: x?.dims };
    const axis = node.attribute('axis', 'int') ?? -1;
    const rank = x?.dims?.length;
    const start = rank === undefined ? 0 : axisOf(node, axis, rank);
    const reduced = x?.dims?.map((size, i) => (i < start ? size : 1));
    return node.outputs.map((_, i) => (i === 0 ? y : { type: 'float32', dims: reduced }));
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const scale = required(node, inputs, 1);
    const axis = axisOf(node, node.attribute('axis', 'int') ?? -1, x.dims.length);
    const epsilon = node.attribute('epsilon', 'float') ?? DEFAULT_EPSILON;
    const size = elementCount(x.dims.slice(axis));
    const rows = elementCount(x.dims.slice(0, axis));
    const reduced = x.dims.map((extent, i) => (i < axis ? extent : 1));
    const source = floatsOf(node, x);
    const bias = inputs[2];
    const normal = x.dims.slice(axis);
    const each = [scale, bias ?? scale].every(({ dims }) => sameDims(dims, normal));
    if (node.outputs.length === 1 && each) {
      const found = normaliseRows(call, inputs, {
        ...{ rows, parts: size, plane: 1, epsilon, channels: size },
        ...{ scale: floatsOf(node, scale), bias: bias && floatsOf(node, bias) },
      });
      if (found !== undefined) return [found];
    }
    const data = call.allocate(x.type, x.dims) as FloatArray;
    const mean = call.allocateFloat('float32', rows);
    const inverse = call.allocateFloat('float32', rows);
    for (let row = 0; row < rows; row++) {
      const found = moments(source, row * size, size, epsilon);
      mean[row] = found.mean;
      inverse[row] = 1 / found.deviation;
      const end = (row + 1) * size;
      for (let i = row * size; i < end; i++) data[i] = (source[i]! - found.mean) / found.deviation;
    }
    const normalised: RunTensor = { type: x.type, dims: x.dims, data };
    const scaled = evaluateBinary(call, normalised, scale, MUL);
    const y = bias === undefined ? scaled : evaluateBinary(call, scaled, bias, ADD);
    const extra: RunTensor[] = [
      { type: 'float32', dims: reduced, data: mean },
      { type: 'float32', dims: reduced, data: inverse },
    ];
    return [y, ...extra].slice(0, node.outputs.length);
  },
});
