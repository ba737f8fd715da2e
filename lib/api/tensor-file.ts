import { readFile, stat } from 'node:fs/promises';

import { checkObject, ConvfuseError } from '../errors.js';
import { readTensor } from '../onnx/read-tensor.js';
import { formatNpy, isNpy, parseNpy } from '../tensor/npy.js';
import { checkTensor, type Tensor } from '../tensor/tensor.js';
import { checkFlag, checkPath } from './arguments.js';
import { checkTarget, writeFile } from './output-target.js';

/**
 * Reads one tensor from a file: a NumPy array (.npy) or a TensorProto (.pb), told apart by their
 * first bytes.
 *
 * @throws ConvfuseError ERR_IO, ERR_TENSOR, ERR_PARSE, ERR_UNSUPPORTED, naming the file;
 *   ERR_ARGUMENT
 */
export async function loadTensor(file: string): Promise<Tensor> {
  checkPath(file, 'file');
  let bytes: Uint8Array;
  try {
    // Opening a FIFO would wait for a writer, possibly forever.
    if (!(await stat(file)).isFile()) throw new ConvfuseError('ERR_IO', 'it is not a plain file');
    bytes = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = error instanceof ConvfuseError ? message : code;
    throw new ConvfuseError('ERR_IO', `cannot read ${file}: ${why}`, { cause: error });
  }
  try {
    return isNpy(bytes) ? parseNpy(bytes) : readTensor(bytes, file);
  } catch (error) {
    if (!(error instanceof ConvfuseError)) throw error;
    throw new ConvfuseError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}

/**
 * Writes a tensor as a NumPy array (.npy). An existing file is kept unless `force`; at every
 * instant it is the old one or the complete new one, and links are never followed.
 *
 * @throws ConvfuseError ERR_UNSUPPORTED for types that NumPy lacks, ERR_OUTPUT, ERR_IO,
 * ERR_ARGUMENT
 */
export async function saveTensor(
  tensor: Tensor,
  file: string,
  options: { readonly force?: boolean } = {},
): Promise<void> {
  checkPath(file, 'file');
  checkObject(options, 'options');
  checkFlag(options.force, 'force');
  const bytes = formatNpy(checkTensor(tensor, 'tensor'));
  await writeFile(await checkTarget(file, undefined, options), [bytes]);
}
