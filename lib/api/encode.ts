import type { Model } from '../ir/model.js';
import type { TensorOrigin } from '../onnx/file-constant.js';
import type { ModelOrigin } from '../onnx/origin.js';
import { encodeChunks } from '../onnx/write.js';
import { checkModel } from './arguments.js';

/**
 * Encodes a model as the bytes of one ONNX file. External data comes into the file.
 *
 * @throws ConvfuseError ERR_LIMIT when it would pass 2 GiB, ERR_EXTERNAL_DATA, ERR_IO,
 *   ERR_ARGUMENT
 */
export function encodeModel(model: Model): Uint8Array {
  checkModel(model);
  const chunks = encodeChunks(model, { kind: hasDataFiles(model) ? 'inline' : 'keep' });
  // The caller may do with them as he likes; what the model, or another call, has must stay.
  const [only] = chunks.parts;
  return chunks.parts.length === 1 ? new Uint8Array(only!) : chunks.join();
}

/** Whether tensors of a model lie in data files. */
export function hasDataFiles(model: Model): boolean {
  const source = model.origin as ModelOrigin | undefined;
  return source?.external?.isUsed ?? false;
}

/**
 * Bytes of the model's file, with what its tensors take in data files: what saving it would
 * write, without writing it.
 *
 * @throws ConvfuseError ERR_LIMIT when the file itself would pass 2 GiB
 */
export function encodedBytes(model: Model): number {
  let bytes = encodeChunks(model, { kind: 'keep' }).length;
  if (!hasDataFiles(model)) return bytes;
  for (const graph of model.graphs()) {
    for (const [, constant] of graph.initializers()) {
      const origin = constant.origin as TensorOrigin | undefined;
      if (origin?.external === true) bytes += constant.byteLength;
    }
  }
  return bytes;
}
