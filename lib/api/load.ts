import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { argumentError, ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { ExternalData } from '../onnx/external-data.js';
import { MAX_MODEL_BYTES } from '../onnx/limits.js';
import { readModel } from '../onnx/read.js';
import { validate } from '../onnx/validate.js';
import { checkFlag, checkOptions } from './arguments.js';

export interface LoadOptions {
  /**
   * Follow symbolic links to external data, as in Hugging Face caches: only to files under the
   * folder of the model's path, or under the real folder of the model file. Default false.
   */
  readonly allowSymlinks?: boolean;
}

/**
 * Loads an ONNX model.
 *
 * @param source path of a file, or the file's bytes. The bytes are not copied: do not change them
 * while the model, or one fused from it, is in use. A model given as bytes may have no external
 * data.
 * @throws ConvfuseError ERR_IO, ERR_PARSE, ERR_DEPTH, ERR_LIMIT, ERR_MODEL, ERR_TENSOR,
 * ERR_EXTERNAL_PATH, ERR_EXTERNAL_DATA, ERR_ARGUMENT
 */
export async function loadModel(
  source: string | Uint8Array,
  options: LoadOptions = {},
): Promise<Model> {
  checkOptions(options);
  checkFlag(options.allowSymlinks, 'allowSymlinks');
  if (typeof source === 'string') {
    const bytes = await readModelFile(source);
    const external = new ExternalData(source, options);
    return checked(readModel({ bytes, external, path: path.resolve(source) }));
  }
  if (!(source instanceof Uint8Array) || source.buffer instanceof SharedArrayBuffer) {
    throw argumentError('a path or a Uint8Array', 'source', source);
  }
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  return checked(readModel({ bytes, external: undefined, path: undefined }));
}

function checked(model: Model): Model {
  validate(model);
  return model;
}

/** Reads a whole file in pieces: readFile() fails beyond 2 GiB with an unhelpful message. */
async function readModelFile(file: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer, possibly forever.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await handle.stat();
    if (!stats.isFile()) throw new ConvfuseError('ERR_IO', `${file} is not a plain file`);
    if (stats.size > MAX_MODEL_BYTES) {
      throw new ConvfuseError(
        'ERR_LIMIT',
        `${file} passes 2 GiB, the limit of the format: save it with external data`,
      );
    }
    return await readAll(handle, file, stats.size);
  } catch (error) {
    if (error instanceof ConvfuseError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new ConvfuseError('ERR_IO', `cannot read ${file}: ${code}`, { cause: error });
  } finally {
    await handle?.close();
  }
}

async function readAll(handle: FileHandle, file: string, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size); // filled completely below, or discarded
  for (let done = 0; done < size;) {
    const length = Math.min(size - done, 2 ** 30);
    const { bytesRead } = await handle.read(bytes, done, length, done);
    if (bytesRead === 0)
      throw new ConvfuseError('ERR_IO', `${file} became shorter while it was read`);
    done += bytesRead;
  }
  return bytes;
}
