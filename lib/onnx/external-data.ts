// The only code that opens files named inside a model. A file is opened first, and then everything
// is checked on the open descriptor, never by name, so that nobody can swap the file in between.

import { closeSync, constants, fstatSync, openSync, realpathSync, type BigIntStats } from 'node:fs';
import path from 'node:path';

import { ConvfuseError } from '../errors.js';
import { locationComponents } from './external-path.js';
import type { ExternalRegion } from './external-region.js';
import { MAX_EXTERNAL_REUSE } from './limits.js';
import { badData, digestOf, identityOf, readFully, realPathOf } from './open-file.js';

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
      throw badData(`tensor ${tensor} needs ${bytes} bytes, but declares a length of ${length}`);
    }
    if (length > known.size || offset > known.size - length) {
      throw badData(
        `tensor ${tensor} needs bytes ${offset} to ${offset + length} of the ${known.size} bytes of ` +
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
        throw badData(`${name} has changed since it was loaded`);
      if (region.checksum !== undefined && !known.verified) {
        const checksum = digestOf(fd, known.size, 'sha1');
        if (checksum !== region.checksum) throw badData(`${name} fails its checksum`);
        known.verified = true;
      }
      const data = new Uint8Array(bytes);
      readFully(fd, data, region.offset);
      if (identityOf(fstatSync(fd, { bigint: true })) !== known.identity) {
        throw badData(`${name} changed while it was read`);
      }
      return data;
    });
  }

  /**
   * SHA-256 of a whole data file. A file that has changed since it was loaded is refused.
   *
   * @throws ConvfuseError ERR_EXTERNAL_PATH, ERR_EXTERNAL_DATA, ERR_IO
   */
  digest(location: string): string {
    const known = this.#known(location);
    return this.#withFile(location, (fd, stats) => {
      const digest = digestOf(fd, known.size, 'sha256');
      const after = identityOf(fstatSync(fd, { bigint: true }));
      if (identityOf(stats) !== known.identity || after !== known.identity) {
        throw badData(`${JSON.stringify(location)} has changed since it was loaded`);
      }
      return digest;
    });
  }

  /** The locations of all data files of the model, sorted. */
  get locations(): string[] {
    return [...this.#files.keys()].sort();
  }

  /** Whether any tensor of the model is in a data file. */
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

function refusal(name: string, why: string, cause?: unknown): ConvfuseError {
  return new ConvfuseError('ERR_EXTERNAL_PATH', `data file ${name} ${why}`, { cause });
}
