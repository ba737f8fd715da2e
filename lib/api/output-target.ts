import { constants, type Stats } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';
import path from 'node:path';

import { ConvfuseError } from '../errors.js';
import { ioError, TempFile } from './temp-file.js';

/** A checked place for an output file. */
export interface OutputTarget {
  readonly path: string;
  /** Whether an existing file may be replaced. */
  readonly replace: boolean;
  /** Permissions of the file that it replaces; undefined when there is none. */
  readonly replacedMode: number | undefined;
  /** Permissions of a new file: no wider than those of its source. */
  readonly freshMode: number;
}

export interface TargetOptions {
  readonly force?: boolean;
  readonly inPlace?: boolean;
}

/**
 * Checks an output place before any work is done.
 *
 * @param source the file that the output is made from, if any
 * @throws ConvfuseError ERR_OUTPUT when the place is a link, no plain file, taken, or the source
 * itself; ERR_IO when its folder cannot be written to
 */
export async function checkTarget(
  file: string,
  source: string | undefined,
  { force = false, inPlace = false }: TargetOptions,
): Promise<OutputTarget> {
  const target = path.resolve(file);
  const folder = path.dirname(target);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw ioError(`cannot write to ${folder}`, error);
  }
  const there = await statOrNothing(lstat(target), target);
  const from = source === undefined ? undefined : await statOrNothing(stat(source), source);
  const isSource = there !== undefined && there.ino === from?.ino && there.dev === from.dev;
  if (there !== undefined) {
    if (there.isSymbolicLink()) throw refuse(`${target} is a symbolic link`);
    if (!there.isFile()) throw refuse(`${target} is not a plain file`);
    if (isSource && !inPlace) {
      throw refuse(`${target} is the input itself: only --in-place (inPlace) replaces it`);
    }
    if (!isSource && !force) {
      throw refuse(`${target} exists already: only --force (force) replaces it`);
    }
  }
  return {
    path: target,
    replace: force || isSource,
    replacedMode: there === undefined ? undefined : there.mode & 0o777,
    freshMode: (from?.mode ?? 0o666) & 0o666,
  };
}

/** Creates a temporary file with the permissions of a target. @throws ConvfuseError ERR_IO */
export async function createFor(target: OutputTarget, signal?: AbortSignal): Promise<TempFile> {
  const { replacedMode, freshMode } = target;
  const folder = path.dirname(target.path);
  const temp = await TempFile.create(
    folder,
    replacedMode === undefined ? freshMode : 0o600,
    signal,
  );
  if (replacedMode !== undefined) {
    try {
      await temp.setMode(replacedMode);
    } catch (error) {
      await temp.discard();
      throw error;
    }
  }
  return temp;
}

/** Writes a whole file atomically. @throws ConvfuseError ERR_IO, ERR_OUTPUT */
export async function writeFile(
  target: OutputTarget,
  parts: Iterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const temp = await createFor(target, signal);
  try {
    for (const part of parts) await temp.write(part);
    await temp.publish(target.path, target.replace);
  } catch (error) {
    await temp.discard();
    throw error;
  }
}

async function statOrNothing(stats: Promise<Stats>, file: string): Promise<Stats | undefined> {
  try {
    return await stats;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw ioError(`cannot look at ${file}`, error);
  }
}

function refuse(what: string): ConvfuseError {
  return new ConvfuseError('ERR_OUTPUT', what);
}
