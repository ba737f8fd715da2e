import type { Tensor } from '../tensor/tensor.js';
import { checkWire } from './check-wire.js';
import { FileConstant } from './file-constant.js';
import { GRAPH, messageIn } from './message-shapes.js';
import { parseTensor } from './tensor-record.js';

/** Field number of GraphProto.initializer, which is a TensorProto. */
const INITIALIZER = 5;

/**
 * Reads a file that is one TensorProto, like the test data of ONNX models.
 *
 * @param label the tensor in messages, when it has no name
 * @throws ConvfuseError ERR_PARSE, ERR_DEPTH, ERR_LIMIT, ERR_TENSOR, ERR_EXTERNAL_PATH,
 * ERR_EXTERNAL_DATA, ERR_UNSUPPORTED
 */
export function readTensor(bytes: Uint8Array, label: string): Tensor {
  checkWire(bytes, messageIn(GRAPH, INITIALIZER)!);
  const range = { start: 0, end: bytes.length };
  const source = { bytes, path: undefined, external: undefined };
  return new FileConstant(source, range, parseTensor(bytes, range, label), label).read();
}
