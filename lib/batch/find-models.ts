import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

import { ConvfuseError } from '../errors.js';
import { checkPaths } from './options.js';

/** A model file to work on, or a file or folder that could not be read. */
export interface FoundModel {
  readonly path: string;
  /** Path relative to the folder argument it was found in; the base name for a file argument. */
  readonly relative: string;
  /** Set where a folder or a file name could not be read: the entry is reported, not worked on. */
  readonly error?: ConvfuseError;
}

export interface FindResult {
  readonly models: readonly FoundModel[];
  /** What was ignored and why, as text for users. */
  readonly notes: readonly string[];
}

/** The ending of a fused copy beside its original. */
export const FUSED_SUFFIX = '.fused.onnx';

/**
 * Turns file and folder arguments into models, in a stable order, each once. Folders are searched
 * for `*.onnx`. Links found on the way are ignored, so the search never leaves its folder and never
 * loops. Fused copies of models in the same folder are ignored too.
 *
 * A file argument is taken as it is, whatever its name and whether it exists or not: reading it
 * reports that.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export async function findModels(arguments_: readonly string[]): Promise<FindResult> {
  checkPaths(arguments_);
  const models: FoundModel[] = [];
  const notes: string[] = [];
  for (const argument of arguments_) {
    const status = await statOrUndefined(argument);
    if (status?.isDirectory()) await walk(argument, models, notes);
    else models.push({ path: argument, relative: path.basename(argument) });
  }
  return { models: await distinct(models), notes };
}

async function walk(root: string, models: FoundModel[], notes: string[]): Promise<void> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
      models.push(unreadable(root, folder!, 'folder cannot be read', cause));
      return [];
    });
    const names = new Set(entries.map((entry) => entry.name));
    const below: string[] = [];
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) below.push(file);
      else if (!entry.name.toLowerCase().endsWith('.onnx')) continue;
      else if (entry.isSymbolicLink()) notes.push(`passed over, a link: ${file}`);
      else if (!entry.isFile()) notes.push(`passed over, not a plain file: ${file}`);
      else if (isFusedCopy(entry.name, names)) notes.push(`passed over, a fused copy: ${file}`);
      else if (await lost(file)) models.push(unreadable(root, file, 'file name is not UTF-8'));
      else models.push({ path: file, relative: path.relative(root, file) });
    }
    folders.push(...below.reverse());
  }
}

function isFusedCopy(name: string, names: ReadonlySet<string>): boolean {
  return name.endsWith(FUSED_SUFFIX) && names.has(`${name.slice(0, -FUSED_SUFFIX.length)}.onnx`);
}

/**
 * Whether a file cannot be named: names that are not UTF-8 are returned with replacement
 * characters.
 */
async function lost(file: string): Promise<boolean> {
  if (!file.includes('\uFFFD')) return false;
  return (await lstat(file).catch(() => undefined)) === undefined;
}

function unreadable(root: string, file: string, what: string, cause?: unknown): FoundModel {
  const error = new ConvfuseError('ERR_IO', `${what}: ${file}`, { cause });
  return { path: file, relative: path.relative(root, file), error };
}

/** Keeps each file once, if it was named twice or both named and found in a folder. */
async function distinct(models: readonly FoundModel[]): Promise<FoundModel[]> {
  const seen = new Set<string>();
  const kept: FoundModel[] = [];
  for (const model of models) {
    const key = await realpath(model.path).catch(() => path.resolve(model.path));
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(model);
  }
  return kept;
}

async function statOrUndefined(file: string): Promise<Stats | undefined> {
  return stat(file).catch(() => undefined);
}
