// Reads data files, and facts about them, through open descriptors.

import { createHash } from 'node:crypto';
import { lstatSync, readlinkSync, readSync, realpathSync, type BigIntStats } from 'node:fs';

import { ConvfuseError } from '../errors.js';

/**
 * The real path of an open file. Linux reports it for the descriptor itself. Elsewhere the path is
 * resolved again, and counts only if the same file is found there without following links.
 */
export function realPathOf(fd: number, file: string, stats: BigIntStats): string | undefined {
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // No /proc in this container.
    }
  }
  try {
    const real = realpathSync(file);
    const there = lstatSync(real, { bigint: true });
    return there.ino === stats.ino && there.dev === stats.dev ? real : undefined;
  } catch {
    return undefined;
  }
}

/** A text that changes when somebody writes to the file or replaces it. */
export function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

/** Fills an array from a file. @throws ConvfuseError ERR_EXTERNAL_DATA when the file ends too early */
export function readFully(fd: number, into: Uint8Array, offset: number): void {
  for (let done = 0; done < into.length;) {
    const count = readSync(fd, into, done, Math.min(into.length - done, 2 ** 30), offset + done);
    if (count === 0) throw badData('the file became shorter while it was read');
    done += count;
  }
}

/** The hash of a whole file, in hexadecimal. @throws ConvfuseError ERR_EXTERNAL_DATA */
export function digestOf(fd: number, size: number, algorithm: 'sha1' | 'sha256'): string {
  const hash = createHash(algorithm);
  const chunk = new Uint8Array(Math.min(size, 2 ** 20));
  for (let offset = 0; offset < size; offset += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, size - offset));
    readFully(fd, part, offset);
    hash.update(part);
  }
  return hash.digest('hex');
}

export function badData(what: string): ConvfuseError {
  return new ConvfuseError('ERR_EXTERNAL_DATA', `external data: ${what}`);
}
