// The only code that opens files named inside a model. A file is opened first, and then everything
// is checked on the open descriptor, never by name, so that nobody can swap the file in between.

import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type BigIntStats,
} from 'node:fs';
import path from 'node:path';

import { ConvfuseError } from '../errors.js';
import { locationComponents } from './external-path.js';
import type { ExternalRegion } from './external-region.js';
import { MAX_EXTERNAL_REUSE } from './limits.js';

export interface ExternalOptions {
  /**
   * Follow symbolic links (Hugging Face caches), but only to files under the folder of the model's
   * path, or under the real folder of the model file.
   */
  readonly allowSymlinks?: boolean;
}

/** The state of a data file when the model was loaded. */
interface Known {
  readonly identity: string;
  readonly size: number;
  /** Sum of the bytes that tensors of the model use. */
  used: number;
  verified: boolean;
}

/** The data files of one model. */
export class ExternalData {
  /** Real path of the folder that locations start from. */
  readonly folder: string;
  /** The folders under which the target of a symbolic link must be. */
  readonly #roots: readonly string[];
  readonly #allowSymlinks: boolean;
  readonly #files = new Map<string, Known>();

  /** @param modelPath the model file, which exists */
  constructor(modelPath: string, options: ExternalOptions = {}) {
    this.folder = realpathSync(path.dirname(path.resolve(modelPath)));
    this.#roots = [this.folder, path.dirname(realpathSync(modelPath))];
    this.#allowSymlinks = options.allowSymlinks ?? false;
  }

  /**
   * Checks that a data file has the `bytes` bytes of a tensor. Called once per tensor, on loading.
   *
   * @throws ConvfuseError ERR_EXTERNAL_PATH, ERR_EXTERNAL_DATA, ERR_LIMIT, ERR_IO
   */
  admit(region: ExternalRegion, bytes: number, tensor: string): void {
    const known = this.#known(region.location);
    const { offset, length = bytes } = region;
    if (length !== bytes) {
      throw bad(`tensor ${tensor} needs ${bytes} bytes, its length is ${length}`);
    }
    if (length > known.size || offset > known.size - length) {
      throw bad(
        `tensor ${tensor} lies at ${offset} + ${length}, past the ${known.size} bytes of ` +
          JSON.stringify(region.location),
      );
    }
    known.used += length;
    if (known.used > known.size * MAX_EXTERNAL_REUSE) {
      throw new ConvfuseError(
        'ERR_LIMIT',
        `tensors take more than ${MAX_EXTERNAL_REUSE} times the bytes of ${JSON.stringify(region.location)}`,
      );
    }
  }

  /**
   * Reads the bytes of a region, after checking that the file has not changed.
   *
   * @throws ConvfuseError ERR_EXTERNAL_PATH, ERR_EXTERNAL_DATA, ERR_IO
   */
  read(region: ExternalRegion, bytes: number): Uint8Array<ArrayBuffer> {
    const known = this.#known(region.location);
    return this.#withFile(region.location, (fd, stats) => {
      const name = JSON.stringify(region.location);
      if (identityOf(stats) !== known.identity)
        throw bad(`${name} has changed since it was loaded`);
      if (region.checksum !== undefined && !known.verified) {
        if (sha1(fd, known.size) !== region.checksum) throw bad(`${name} fails its checksum`);
        known.verified = true;
      }
      const data = new Uint8Array(bytes);
      readFully(fd, data, region.offset);
      if (identityOf(fstatSync(fd, { bigint: true })) !== known.identity) {
        throw bad(`${name} changed while it was read`);
      }
      return data;
    });
  }

  /** Whether any tensor of the model lies in a data file. */
  get isUsed(): boolean {
    return this.#files.size > 0;
  }

  /** Bytes of all data files of the model. */
  get totalBytes(): number {
    let total = 0;
    for (const known of this.#files.values()) total += known.size;
    return total;
  }

  #known(location: string): Known {
    const found = this.#files.get(location);
    if (found !== undefined) return found;
    const known = this.#withFile(location, (_fd, stats) => ({
      identity: identityOf(stats),
      size: Number(stats.size),
      used: 0,
      verified: false,
    }));
    this.#files.set(location, known);
    return known;
  }

  #withFile<T>(location: string, use: (fd: number, stats: BigIntStats) => T): T {
    const file = path.join(this.folder, ...locationComponents(location));
    const name = JSON.stringify(location);
    // Without O_NONBLOCK, opening a FIFO waits for its other end, possibly forever.
    let flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
    if (!this.#allowSymlinks) flags |= constants.O_NOFOLLOW ?? 0;
    let fd: number;
    try {
      fd = openSync(file, flags);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') {
        throw new ConvfuseError('ERR_EXTERNAL_DATA', `there is no data file ${name}`, {
          cause: error,
        });
      }
      if (code === 'ELOOP') throw refusal(name, 'is a symbolic link', error);
      if (code === 'ENXIO') throw refusal(name, 'is not a plain file', error);
      throw new ConvfuseError('ERR_IO', `cannot open data file ${name}: ${code}`, { cause: error });
    }
    try {
      const stats = fstatSync(fd, { bigint: true });
      if (!stats.isFile()) throw refusal(name, 'is not a plain file');
      if (stats.nlink > 1n) throw refusal(name, 'is a hard link to a file that has other names');
      this.#contain(name, realPathOf(fd, file, stats), file);
      return use(fd, stats);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Refuses a file whose real path differs from its location, or, with links allowed, is outside
   * all roots.
   */
  #contain(name: string, real: string | undefined, file: string): void {
    if (real === file) return;
    const inside = (root: string): boolean => {
      const relative = path.relative(root, real ?? '/');
      return relative !== '' && relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative);
    };
    if (!this.#allowSymlinks) {
      throw refusal(name, 'lies behind a symbolic link (--allow-symlinks follows some)');
    }
    if (real === undefined || !this.#roots.some(inside)) {
      throw refusal(name, 'leads out of the folder of the model');
    }
  }
}

/**
 * Where an open file really is. Linux tells it of the descriptor itself. Elsewhere the path is
 * resolved again, and counts only if the very file that is open lies there, links not followed.
 */
function realPathOf(fd: number, file: string, stats: BigIntStats): string | undefined {
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

function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

function readFully(fd: number, into: Uint8Array, offset: number): void {
  for (let done = 0; done < into.length;) {
    const count = readSync(fd, into, done, Math.min(into.length - done, 2 ** 30), offset + done);
    if (count === 0) throw bad('the file became shorter while it was read');
    done += count;
  }
}

function sha1(fd: number, size: number): string {
  const hash = createHash('sha1');
  const chunk = new Uint8Array(Math.min(size, 2 ** 20));
  for (let offset = 0; offset < size; offset += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, size - offset));
    readFully(fd, part, offset);
    hash.update(part);
  }
  return hash.digest('hex');
}

function bad(what: string): ConvfuseError {
  return new ConvfuseError('ERR_EXTERNAL_DATA', `external data: ${what}`);
}

function refusal(name: string, why: string, cause?: unknown): ConvfuseError {
  return new ConvfuseError('ERR_EXTERNAL_PATH', `data file ${name} ${why}`, { cause });
}
