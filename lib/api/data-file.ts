import { createHash } from 'node:crypto';
import { lstat, unlink } from 'node:fs/promises';
import path from 'node:path';

import type { Model } from '../ir/model.js';
import type { Chunks } from '../onnx/chunks.js';
import { DataFilePlacement } from '../onnx/placement.js';
import { encodeChunks } from '../onnx/write.js';
import { createFor, type OutputTarget } from './output-target.js';
import type { TempFile } from './temp-file.js';

/** An encoded model whose weights are in a data file that has been published already. */
export interface ModelWithData {
  readonly chunks: Chunks;
  readonly dataPath: string;
  readonly dataBytes: number;
  /** SHA-256 of the data file. */
  readonly dataHash: string;
  /** Removes the data file, unless it existed before. */
  discard(): Promise<void>;
}

/**
 * Publishes the data file of a model: `model.onnx.<hash of the content>.data`. The name makes sure
 * that it never replaces a different file, and that a crash before the model is written leaves
 * nothing worse than an unused file.
 *
 * @param everything move also the tensors inside the model
 * @returns undefined when no tensor needs a data file
 * @throws ConvfuseError ERR_IO, ERR_LIMIT, ERR_EXTERNAL_DATA, ERR_EXTERNAL_PATH
 */
export async function publishData(
  model: Model,
  target: OutputTarget,
  everything: boolean,
  signal?: AbortSignal,
): Promise<ModelWithData | undefined> {
  // Encoded twice: the file's name depends on its content, and the encoding of the model on the
  // name.
  const draft = new DataFilePlacement('', everything);
  encodeChunks(model, draft);
  if (draft.blocks.length === 0) return undefined;
  const temp = await createFor({ ...target, replacedMode: undefined }, signal);
  try {
    const dataHash = await writeBlocks(draft, temp);
    const location = dataFileName(target.path, dataHash);
    const chunks = encodeChunks(model, new DataFilePlacement(location, everything));
    const dataPath = path.join(path.dirname(target.path), location);
    const isNew = (await lstat(dataPath).catch(() => undefined)) === undefined;
    // An existing file of this name has the same content.
    await temp.publish(dataPath, true);
    const discard = async (): Promise<void> => {
      if (isNew) await unlink(dataPath).catch(() => undefined);
    };
    return { chunks, dataPath, dataBytes: draft.length, dataHash, discard };
  } catch (error) {
    await temp.discard();
    throw error;
  }
}

/** The name of the data file of an output. @param hash SHA-256 of its content */
export function dataFileName(output: string, hash: string): string {
  return `${path.basename(output)}.${hash.slice(0, 32)}.data`;
}

/** Writes the blocks, holding one in memory at a time. @returns the hash of the content */
async function writeBlocks(placement: DataFilePlacement, temp: TempFile): Promise<string> {
  const hash = createHash('sha256');
  let at = 0;
  for (const block of placement.blocks) {
    const padding = new Uint8Array(block.offset - at);
    const bytes = block.read();
    hash.update(padding).update(bytes);
    await temp.write(padding);
    await temp.write(bytes);
    at = block.offset + block.length;
  }
  return hash.digest('hex');
}
