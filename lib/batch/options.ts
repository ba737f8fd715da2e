import { checkCallback, checkFlag, checkOptions, checkPath } from '../api/arguments.js';
import { checkVerifyOptions } from '../api/verify.js';
import { argumentError, checkObject } from '../errors.js';
import { checkTensor } from '../tensor/tensor.js';
import type { FileOptions } from './fuse-file.js';
import type { FuseModelsOptions } from './fuse-models.js';

/** Checks paths given by a caller. @throws ConvfuseError ERR_ARGUMENT */
export function checkPaths(paths: readonly string[]): void {
  if (!Array.isArray(paths)) throw argumentError('an array of paths', 'paths', paths);
  paths.forEach((file, index) => {
    checkPath(file, `paths[${index}]`);
  });
}

/**
 * Checks options that would otherwise fail for every model, or be ignored. @throws ConvfuseError
 * ERR_ARGUMENT
 */
export function checkBatchOptions(options: FuseModelsOptions): void {
  checkOptions(options);
  const { jobs, timeLimit, memoryLimit, output, outDir, verify } = options;
  if (jobs !== undefined && !(Number.isInteger(jobs) && jobs > 0)) {
    throw argumentError('a whole number > 0', 'jobs', jobs);
  }
  for (const [name, limit] of Object.entries({ timeLimit, memoryLimit })) {
    if (limit !== undefined && !(typeof limit === 'number' && limit > 0)) {
      throw argumentError('a number > 0', name, limit);
    }
  }
  for (const [name, place] of Object.entries({ output, outDir })) {
    if (place !== undefined) checkPath(place, name);
  }
  for (const name of ['force', 'inPlace', 'allowSymlinks', 'dryRun', 'resume'] as const) {
    checkFlag(options[name], name);
  }
  if (options.resume === true) checkResumable(options);
  checkCallback(options.onNote, 'onNote');
  if (verify !== undefined && typeof verify !== 'boolean') {
    checkObject(verify, 'verify');
    checkVerifyOptions(verify);
  }
}

/**
 * Refuses options that exclude resume. In place, and with dryRun, there is no output beside the input to
 * compare with; and the functions in rules cannot be compared with those of the earlier run.
 */
function checkResumable(options: FuseModelsOptions): void {
  const { output, inPlace = false, dryRun = false, rules } = options;
  const others = { output, inPlace: inPlace || undefined, dryRun: dryRun || undefined, rules };
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) throw argumentError('no value together with resume', name, value);
  }
}

/**
 * The options in a form that can be sent to another process: without the signal, and with tensors
 * as plain objects, because properties on a prototype (such as the data of onnxruntime-common's
 * tensors) would be lost.
 */
export function sendable(options: FileOptions): FileOptions {
  const { verify } = options;
  if (typeof verify !== 'object') return options;
  const inputs = verify.inputs?.map((record) =>
    Object.fromEntries(
      Object.entries(record).map(([name, tensor]) => [name, checkTensor(tensor, `inputs.${name}`)]),
    ),
  );
  return { ...options, verify: { ...verify, inputs, signal: undefined } };
}
