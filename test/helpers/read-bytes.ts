import type { Model } from '#convfuse/ir/model.js';
import { readModel } from '#convfuse/onnx/read.js';

import { modelBytes, type ModelSpec } from './model-builder.js';

/** Reads a model without a folder. */
export function readBytes(bytes: Uint8Array): Model {
  return readModel({ bytes, external: undefined, path: undefined });
}

/** Builds a file, and reads it. */
export function readSpec(spec: ModelSpec): Model {
  return readBytes(modelBytes(spec));
}

/** The code of the error that a call throws, or 'none'. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
