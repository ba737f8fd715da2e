import { realpath } from 'node:fs/promises';
import path from 'node:path';

import { ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import type { Chunks } from '../onnx/chunks.js';
import type { ModelOrigin } from '../onnx/origin.js';
import { encodeChunks } from '../onnx/write.js';
import { checkFlag, checkModel, checkOptions, checkPath } from './arguments.js';
import { sha256, type FileContent } from './content.js';
import { publishData, type ModelWithData } from './data-file.js';
import { hasDataFiles } from './encode.js';
import { checkTarget, writeFile, type OutputTarget } from './output-target.js';

export interface SaveOptions {
  /** Replace an existing file. Default false. */
  readonly force?: boolean;
  /** Whether the output may be the file that the model was loaded from. Default false. */
  readonly inPlace?: boolean;
  /** Cancels the save; the output then stays what it was before. */
  readonly signal?: AbortSignal;
}

/** The files that a model was saved to. */
export interface SavedModel {
  readonly path: string;
  /** The data file beside it, if its weights need one. */
  readonly dataPath: string | undefined;
  /** Bytes of both. */
  readonly bytes: number;
}

/**
 * Saves a model to a file. At every instant the file is absent, the old one, or the complete new
 * one. Parts that nobody changed are written as they were read, an unchanged model as a whole.
 *
 * A model with external data gets one new data file beside it, named after the output and the
 * data's hash, unless it is unchanged and stays in its folder. So does a model that would exceed 2
 * GiB, the limit of a file. Existing data files are never changed.
 *
 * @throws the signal's reason; ConvfuseError ERR_OUTPUT, ERR_IO, ERR_LIMIT, ERR_EXTERNAL_PATH,
 * ERR_EXTERNAL_DATA, ERR_ARGUMENT
 */
export async function saveModel(
  model: Model,
  file: string,
  options: SaveOptions = {},
): Promise<SavedModel> {
  checkModel(model);
  checkPath(file, 'file');
  checkOptions(options);
  checkFlag(options.force, 'force');
  checkFlag(options.inPlace, 'inPlace');
  return saveAnnounced(model, file, options);
}

/**
 * Like saveModel(), but tells the caller the content before the output is published.
 *
 * @param announce called with the content, and awaited; when it rejects, nothing is saved
 */
export async function saveAnnounced(
  model: Model,
  file: string,
  options: SaveOptions,
  announce?: (content: FileContent) => Promise<void>,
): Promise<SavedModel> {
  const source = model.origin as ModelOrigin | undefined;
  const target = await checkTarget(file, source?.path, options);
  options.signal?.throwIfAborted();
  const [chunks, data] = await encodeFor(model, target, options.signal);
  try {
    await announce?.(contentOfParts(chunks.parts, data));
    await writeFile(target, chunks.parts, options.signal);
  } catch (error) {
    // Another process may have saved the same model under this name meanwhile. It then uses the same
    // data file, since data files are named after their content.
    if (!isTaken(error)) await data?.discard();
    throw error;
  }
  const bytes = chunks.length + (data?.dataBytes ?? 0);
  return { path: target.path, dataPath: data?.dataPath, bytes };
}

function contentOfParts(
  parts: readonly Uint8Array[],
  data: ModelWithData | undefined,
): FileContent {
  const files = data && [{ name: path.basename(data.dataPath), sha256: data.dataHash }];
  return { sha256: sha256(parts), data: files ?? [] };
}

function isTaken(error: unknown): boolean {
  return error instanceof ConvfuseError && error.code === 'ERR_OUTPUT';
}

async function encodeFor(
  model: Model,
  target: OutputTarget,
  signal: AbortSignal | undefined,
): Promise<[Chunks, ModelWithData | undefined]> {
  if (await needsDataFile(model, target)) {
    const data = await publishData(model, target, false, signal);
    if (data !== undefined) return [data.chunks, data];
  }
  try {
    return [encodeChunks(model, { kind: 'keep' }), undefined];
  } catch (error) {
    if (!(error instanceof ConvfuseError) || error.code !== 'ERR_LIMIT') throw error;
    const data = await publishData(model, target, true, signal);
    if (data === undefined) throw error;
    return [data.chunks, data];
  }
}

/**
 * Whether a new data file is needed: the references of an unchanged model stay valid in its own
 * folder.
 */
async function needsDataFile(model: Model, target: OutputTarget): Promise<boolean> {
  if (!hasDataFiles(model)) return false;
  const { external } = model.origin as ModelOrigin;
  return model.changed || external?.folder !== (await realpath(path.dirname(target.path)));
}
