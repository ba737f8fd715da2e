import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';

import type { Model } from '../ir/model.js';
import { ExternalData, type ExternalOptions } from '../onnx/external-data.js';
import type { ModelOrigin } from '../onnx/origin.js';
import { dataFileName } from './data-file.js';

/** SHA-256 of a model file and of the data files of its tensors. */
export interface FileContent {
  readonly sha256: string;
  readonly data: readonly { readonly name: string; readonly sha256: string }[];
}

/** What differs from a record: the model file or a data file. undefined: neither. */
export type Difference = 'model' | 'data' | undefined;

const READ_BYTES = 2 ** 20;

/** The hash of bytes that are given in pieces. */
export function sha256(parts: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/**
 * The content that a model was loaded from. The model file is hashed from the bytes in memory, so that
 * later changes of the file do not count.
 *
 * @throws ConvfuseError ERR_EXTERNAL_DATA when a data file has changed since, ERR_EXTERNAL_PATH, ERR_IO
 */
export function contentOf(model: Model): FileContent {
  const { bytes, external } = model.origin as ModelOrigin;
  const locations = external?.locations ?? [];
  const data = locations.map((name) => ({ name, sha256: external!.digest(name) }));
  return { sha256: sha256([bytes]), data };
}

/** Compares an input on disk with a record. Data files are opened with the checks of loading. */
export async function inputDifference(
  file: string,
  known: FileContent,
  options: ExternalOptions,
): Promise<Difference> {
  if ((await fileHash(file, 0)) !== known.sha256) return 'model';
  if (known.data.length === 0) return undefined;
  try {
    // The model file has the same bytes, so it names the same data files.
    const external = new ExternalData(file, options);
    const same = known.data.every(({ name, sha256 }) => external.digest(name) === sha256);
    return same ? undefined : 'data';
  } catch {
    return 'data';
  }
}

/** Whether the data files beside an output differ from a record. */
export async function outputDataDiffers(file: string, { data }: FileContent): Promise<boolean> {
  for (const { name, sha256 } of data) {
    // A data file can have only this name. Another, in a forged record, could lead out of the folder.
    if (name !== dataFileName(file, sha256)) return true;
    if ((await outputHash(path.join(path.dirname(file), name))) !== sha256) return true;
  }
  return false;
}

/** The hash of an output; undefined if it is absent, unreadable, a link or not a plain file. */
export async function outputHash(file: string): Promise<string | undefined> {
  return fileHash(file, constants.O_NOFOLLOW ?? 0);
}

async function fileHash(file: string, flags: number): Promise<string | undefined> {
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer, possibly forever.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags);
    try {
      if (!(await handle.stat()).isFile()) return undefined;
      const hash = createHash('sha256');
      const piece = new Uint8Array(READ_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(piece, 0, piece.length, null);
        if (bytesRead === 0) return hash.digest('hex');
        hash.update(piece.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}
