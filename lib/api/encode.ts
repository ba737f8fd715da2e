import type { Model } from '../ir/model.js';
import type { TensorOrigin } from '../onnx/file-constant.js';
import type { ModelOrigin } from '../onnx/origin.js';
import { encodeChunks } from '../onnx/write.js';
import { checkModel } from './arguments.js';

/**
 * Encodes a model as the bytes of one ONNX file, which includes its external data.
 *
 * @throws ConvfuseError ERR_LIMIT when the file would exceed 2 GiB, ERR_EXTERNAL_DATA, ERR_IO,
 * ERR_ARGUMENT
 */
export function encodeModel(model: Model): Uint8Array {
  checkModel(model);
  const chunks = encodeChunks(model, { kind: hasDataFiles(model) ? 'inline' : 'keep' });
  // A copy: the caller may change it, while the model and other calls keep theirs.
  const [only] = chunks.parts;
  return chunks.parts.length === 1 ? new Uint8Array(only!) : chunks.join();
}

/** Whether tensors of a model lie in data files. */
export function hasDataFiles(model: Model): boolean {
  const source = model.origin as ModelOrigin | undefined;
  return source?.external?.isUsed ?? false;
}

/**
 * Bytes that saving the model would write: its file, and its tensors in data files.
 *
 * @throws ConvfuseError ERR_LIMIT when the file itself would exceed 2 GiB
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
