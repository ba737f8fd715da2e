import path from 'node:path';

import { ConvfuseError } from '../errors.js';
import { FUSED_SUFFIX, type FoundModel } from './find-models.js';

/** Where results go: at most one of the three. Without any, beside each model. */
export interface OutputOptions {
  /** The output file; for a single model only. */
  readonly output?: string;
  /**
   * A folder for `name.fused.onnx` of each model. Models found below a folder keep their relative
   * paths.
   */
  readonly outDir?: string;
  /** Replace each model by its fused form. */
  readonly inPlace?: boolean;
}

/** One model and where its fused form goes. */
export interface Job {
  readonly input: string;
  readonly output: string;
  /** Whether the caller named this place, so that an unchanged model is copied there too. */
  readonly named: boolean;
  /** Whether the output's folder is created where it is missing. */
  readonly makeFolder: boolean;
}

/**
 * Pairs each model with its output, before any work. Refuses two models that would write the same
 * file, and an output that is another model's input.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function planOutputs(models: readonly FoundModel[], options: OutputOptions): Job[] {
  const { output, outDir, inPlace = false } = options;
  const places = [output !== undefined, outDir !== undefined, inPlace].filter(Boolean).length;
  if (places > 1) throw wrong('output, outDir and inPlace exclude each other');
  if (output !== undefined && models.length !== 1) {
    throw wrong(`expected one model for output ${output}, received ${models.length}: use outDir`);
  }
  const jobs = models.map((model): Job => {
    const { path: input, relative } = model;
    if (inPlace) return { input, output: input, named: false, makeFolder: false };
    if (output !== undefined) return { input, output, named: true, makeFolder: false };
    return outDir === undefined
      ? { input, output: fusedName(input), named: false, makeFolder: false }
      : { input, output: path.join(outDir, fusedName(relative)), named: true, makeFolder: true };
  });
  if (!inPlace) refuseClashes(jobs, outDir !== undefined);
  return jobs;
}

/** `a/model.onnx` -> `a/model.fused.onnx`. Names with another ending keep it before the new one. */
export function fusedName(file: string): string {
  const stem = file.toLowerCase().endsWith('.onnx') ? file.slice(0, -'.onnx'.length) : file;
  return stem + FUSED_SUFFIX;
}

function refuseClashes(jobs: readonly Job[], foldCase: boolean): void {
  const inputs = new Map(jobs.map((job) => [path.resolve(job.input), job.input]));
  const outputs = new Map<string, string>();
  for (const { input, output } of jobs) {
    const resolved = path.resolve(output);
    const taken = inputs.get(resolved);
    if (taken !== undefined && taken === input) {
      throw wrong(`${output} is the model itself: ask for inPlace to replace it`);
    }
    if (taken !== undefined) throw wrong(`the output of ${input} would be the input ${taken}`);
    // The new folder may be on a file system that is not case-sensitive.
    const key = foldCase ? resolved.toLowerCase() : resolved;
    const other = outputs.get(key);
    if (other !== undefined) throw wrong(`${other} and ${input} would both write ${output}`);
    outputs.set(key, input);
  }
}

function wrong(message: string): ConvfuseError {
  return new ConvfuseError('ERR_ARGUMENT', message);
}
