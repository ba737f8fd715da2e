// A Conv and a Relu whose weights lie in w.bin.

import { create } from '@bufbuild/protobuf';

import { StringStringEntryProtoSchema, type TensorProto } from '#convfuse/onnx/gen/onnx_pb.js';
import { Random } from '#convfuse/tensor/random.js';

import { encode, model, node, tensor } from './model-builder.js';

export interface ExternalModel {
  readonly bytes: Uint8Array;
  /** Content of w.bin. */
  readonly data: Uint8Array;
  readonly weights: Readonly<Record<string, Float32Array>>;
}

/** Weights w and v of 2304 and 256 floats, v at an odd offset; twin has the bytes of w. */
export function externalModel(): ExternalModel {
  const random = new Random(5);
  const [w, v] = [random.normals(2304), random.normals(256)];
  const data = new Uint8Array(w.byteLength + 3 + v.byteLength);
  data.set(new Uint8Array(w.buffer));
  data.set(new Uint8Array(v.buffer), w.byteLength + 3);
  const message = model({
    inputs: ['x'],
    outputs: ['y', 'twin'],
    initializers: [
      external(tensor('w', [16, 16, 3, 3], w), 0, w.byteLength),
      external(tensor('v', [16, 16, 1, 1], v), w.byteLength + 3, v.byteLength),
      external(tensor('twin', [2304], w), 0, w.byteLength),
    ],
    nodes: [
      node('Conv', ['x', 'w'], ['a']),
      node('Conv', ['a', 'v'], ['b']),
      node('Relu', ['b'], ['y']),
    ],
  });
  return { bytes: encode(message), data, weights: { w, v, twin: w } };
}

function external(weight: TensorProto, offset: number, length: number): TensorProto {
  weight.rawData = new Uint8Array(0);
  weight.dataLocation = 1;
  const entries = { location: 'w.bin', offset, length, 'x-note': 'kept' };
  weight.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) }),
  );
  return weight;
}
