import { loadTensor, type Tensor } from '../index.js';

/** Reads the files of `--input NAME=FILE`. @throws ConvfuseError, naming the input */
export async function loadInputs(
  files: ReadonlyMap<string, string>,
): Promise<Record<string, Tensor>> {
  const entries: [string, Tensor][] = [];
  for (const [name, file] of files) entries.push([name, await loadTensor(file)]);
  return Object.fromEntries(entries);
}
