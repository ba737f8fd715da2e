import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { requiredInputs } from '../ir/view.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkModel, checkPath } from './arguments.js';
import { loadTensor } from './tensor-file.js';

/**
 * Reads sets of inputs for a model from a folder of .npy and TensorProto .pb files. Each subfolder
 * is one set, with a file for each input: `NAME.npy`, or `input_0.pb`, `input_1.pb` ... in the
 * order of the model, which is the layout of ONNX test data. Files in the folder itself form one
 * more set; for a model of one input, each of them is a set. Outputs (`output_0.pb`) are ignored.
 *
 * @returns at least one record of tensors by name, in the order of the file names
 * @throws ConvfuseError ERR_IO where the folder has no files, or an input is missing; what
 * loadTensor throws; ERR_ARGUMENT
 */
export async function loadInputSets(
  folder: string,
  model: Model,
): Promise<Readonly<Record<string, Tensor>>[]> {
  checkPath(folder, 'folder');
  checkModel(model);
  const names = requiredInputs(model.graph).map(({ name }) => name);
  const { files, folders } = await listed(folder);
  const sets: Readonly<Record<string, Tensor>>[] = [];
  const [only, second] = names;
  if (only !== undefined && second === undefined) {
    for (const file of files) sets.push({ [only]: await loadTensor(file) });
  } else if (files.length > 0) {
    sets.push(await loadSet(folder, files, names));
  }
  for (const below of folders) {
    const { files: inside } = await listed(below);
    if (inside.length > 0) sets.push(await loadSet(below, inside, names));
  }
  if (sets.length > 0) return sets;
  throw new ConvfuseError('ERR_IO', `no .npy or .pb file of inputs in ${folder}`);
}

async function loadSet(
  folder: string,
  files: readonly string[],
  names: readonly string[],
): Promise<Record<string, Tensor>> {
  const byStem = new Map(files.map((file) => [path.parse(file).name, file]));
  const tensors: [string, Tensor][] = [];
  for (const [at, name] of names.entries()) {
    const file = byStem.get(name) ?? byStem.get(`input_${at}`);
    if (file === undefined) {
      throw new ConvfuseError('ERR_IO', `${folder} has no file for the input ${name}`);
    }
    tensors.push([name, await loadTensor(file)]);
  }
  return Object.fromEntries(tensors);
}

/** Lists tensor files that may be inputs, and folders; links are ignored. */
async function listed(folder: string): Promise<{ files: string[]; folders: string[] }> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const sorted = entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    const paths = (wanted: (entry: (typeof entries)[number]) => boolean): string[] =>
      sorted.filter(wanted).map(({ name }) => path.join(folder, name));
    return {
      files: paths(
        (entry) =>
          entry.isFile() && /\.(npy|pb)$/i.test(entry.name) && !/^output_\d+\./.test(entry.name),
      ),
      folders: paths((entry) => entry.isDirectory()),
    };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConvfuseError('ERR_IO', `cannot read the folder ${folder}: ${code}`, { cause });
  }
}
