// The corpus of real models, peer suites and hostile files lies outside the repository. Tests
// that want it skip, with a printed line, where it is not there.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseNpy } from '#convfuse/tensor/npy.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

// From out/test/helpers to the repository, and to the folder beside it.
const beside = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..');
const root = process.env['CONVFUSE_CORPUS'] ?? path.join(beside, 'shared', 'models');

/** Path inside the corpus, or undefined (and a line on stderr) when there is no corpus. */
export function corpus(relative: string): string | undefined {
  const file = path.join(root, relative);
  if (existsSync(file)) return file;
  console.error(
    `skipped: no corpus file ${relative} (set CONVFUSE_CORPUS to the folder that has it)`,
  );
  return undefined;
}

export function readNpy(file: string): Tensor {
  return parseNpy(readFileSync(file));
}
