// A convolution and what stands behind it, and an edit like the ones that rules make.

import { fromBinary } from '@bufbuild/protobuf';

import { Editor } from '#convfuse/ir/editor.js';
import type { Model } from '#convfuse/ir/model.js';
import type { Node } from '#convfuse/ir/node.js';
import { ModelProtoSchema, type ModelProto } from '#convfuse/onnx/gen/onnx_pb.js';
import { encodeChunks } from '#convfuse/onnx/write.js';

import { node, tensor, type ModelSpec } from './model-builder.js';

export const KEEP = { kind: 'keep' } as const;

export const CONV_RELU: ModelSpec = {
  irVersion: 10,
  inputs: [['x', [1, 1, 4, 4]]],
  outputs: ['y'],
  valueInfo: [
    ['m', [1, 1, 4, 4]],
    ['stale', [7]],
  ],
  initializers: [tensor('w', [1, 1, 1, 1], [2]), tensor('unused', [1], [1])],
  nodes: [
    node('Conv', ['x', 'w'], ['m'], { kernel_shape: [1, 1] }, 'conv'),
    node('Relu', ['m'], ['y'], {}, 'relu'),
  ],
};

export const written = (file: Model): Uint8Array => encodeChunks(file, KEEP).join();
export const decoded = (file: Model): ModelProto => fromBinary(ModelProtoSchema, written(file));
export const nodeOf = (file: Model, opType: string): Node => {
  for (const part of file.graphs()) {
    for (const one of part.nodes()) if (one.opType === opType) return one;
  }
  throw new Error(`no ${opType}`);
};

/** Gives the convolution new weights, and lets it make the output of the node behind it. */
export function fuseLike(file: Model): void {
  const edit = new Editor(file);
  const conv = nodeOf(file, 'Conv');
  const [relu] = [...conv.output(0).uses.keys()];
  const tensor = { type: 'float32', dims: [1, 1, 1, 1], data: Float32Array.of(3) } as const;
  const weight = edit.constant(conv.graph, 'weight', tensor, conv);
  edit.setInputs(conv, [conv.input(0), weight]);
  const output = relu!.output(0);
  edit.setInputs(relu!, []);
  edit.takeOutput(conv, 0, output);
  edit.remove(relu!);
  edit.note(conv, 'fused', 'relu');
  edit.sweep();
}
