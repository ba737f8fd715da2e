// Crop and ImageScaler: experimental operators that left ONNX after opset 9, and that old
// style-transfer networks still carry.

import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { likeInput, typeOnly } from './facts.js';
import type { Operator } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { strided } from './strided.js';

/** Sizes after cropping [left, top, right, bottom], or to `scale` = [height, width]. */
function cropped(node: Node, height: Dim, width: Dim): readonly [Dim, Dim] {
  const [left, top, right, bottom] = borders(node);
  const scale = node.attribute('scale', 'ints');
  if (scale?.length === 2) return [scale[0], scale[1]];
  return [
    typeof height === 'number' ? height - top - bottom : undefined,
    typeof width === 'number' ? width - left - right : undefined,
  ];
}

function borders(node: Node): readonly [number, number, number, number] {
  const border = node.attribute('border', 'ints');
  if (border?.length !== 4) throw nodeError(node, 'ERR_MODEL', 'expected 4 sizes in border');
  return border as unknown as readonly [number, number, number, number];
}

export const imageOperators: readonly Operator[] = [
  operator('Crop', {
    until: 9,
    infer: (node, [x]) =>
      x?.dims === undefined
        ? [typeOnly(x)]
        : [{ type: x.type, dims: [x.dims[0], x.dims[1], ...cropped(node, x.dims[2], x.dims[3])] }],
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      const [left, top] = borders(call.node);
      const size = cropped(call.node, x.dims[2], x.dims[3]) as readonly [number, number];
      if (size.some((extent, i) => extent < 0 || extent + [top, left][i]! > x.dims[i + 2]!)) {
        throw nodeError(call.node, 'ERR_MODEL', 'the border is larger than the image');
      }
      const dims = [...x.dims.slice(0, 2), ...size];
      const offset = top * x.dims[3]! + left;
      return [strided(call, x, { dims, strides: stridesOf(x.dims), offset }, true)];
    },
  }),
  operator('ImageScaler', {
    until: 9,
    infer: likeInput,
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      const scale = node.attribute('scale', 'float') ?? 1;
      const bias = node.attribute('bias', 'floats') ?? [];
      const source = floatsOf(node, x);
      const data = call.allocate(x.type, x.dims) as FloatArray;
      const plane = elementCount(x.dims.slice(2));
      for (let i = 0; i < data.length; i++) {
        const channel = Math.floor(i / plane) % x.dims[1]!;
        data[i] = source[i]! * scale + (bias[channel] ?? 0);
      }
      return [{ ...x, data }];
    },
  }),
];
