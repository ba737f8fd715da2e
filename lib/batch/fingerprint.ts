import { createHash, type Hash } from 'node:crypto';

import { chosenBackend } from '../api/backend-choice.js';
import { DEFAULT_RUNS, type VerifyOptions } from '../api/verify.js';
import type { Tensor } from '../tensor/tensor.js';
import type { FileOptions } from './fuse-file.js';

/**
 * The hash of everything, besides the model and the version of convfuse, that determines a result: the
 * bytes of the output, the verdict and the numbers in the report. A default and the same value given
 * explicitly have the same hash. Threads and jobs are left out, since they change no result.
 *
 * @param named whether an unchanged model is written too
 * @throws ConvfuseError ERR_NATIVE_LOAD, ERR_ARGUMENT
 */
export function fingerprint(options: FileOptions, named: boolean): string {
  const { level = 'basic', target = 'portable', only, skip, verify = true } = options;
  const proof: VerifyOptions | false =
    verify === false ? false : { ...options, ...(verify === true ? {} : verify) };
  const { name, isa } = chosenBackend(proof === false ? options : proof);
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify({
      named,
      level,
      target,
      only: ordered(only),
      skip: ordered(skip ?? []),
      quantized: options.quantized ?? false,
      constantInitializers: options.constantInitializers ?? false,
      allowGrowth: options.allowGrowth ?? false,
      allowSymlinks: options.allowSymlinks ?? false,
      backend: [name, isa],
      proof: proof && {
        runs: proof.inputs?.length ?? proof.runs ?? DEFAULT_RUNS,
        seed: proof.seed ?? 0,
        rtol: proof.rtol,
        atol: proof.atol ?? 0,
        inputShapes: sorted(proof.inputShapes ?? {}),
      },
    }),
  );
  const inputs = (proof && proof.inputs) || [];
  for (const [run, record] of inputs.entries()) {
    for (const [input, tensor] of sorted(record)) update(hash, `${run}:${input}`, tensor);
  }
  return hash.digest('hex');
}

/**
 * Sorted, because rules apply in the order of their table, whatever the order of this list. A value that
 * is not a list is returned as it is: fuseModel() will refuse it.
 */
function ordered(names: readonly string[] | undefined): unknown {
  return Array.isArray(names) ? [...names].sort() : names;
}

/** Entries sorted by name, so that the order on the command line does not matter. */
function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function update(hash: Hash, name: string, { type, dims, data }: Tensor): void {
  const elements = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : JSON.stringify(data);
  // The length in front keeps one tensor's end from counting as the next one's beginning.
  hash.update(JSON.stringify([name, type, dims, elements.length])).update(elements);
}
