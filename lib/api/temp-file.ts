import { randomBytes } from 'node:crypto';
import { constants, unlinkSync } from 'node:fs';
import { link, lstat, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { ConvfuseError } from '../errors.js';

const PREFIX = '.convfuse-';
const PATTERN = /^\.convfuse-(\d+)-[0-9a-f]{16}\.tmp$/;
const STALE_AFTER = 24 * 3600 * 1000;
/** Bytes. Smaller writes are buffered up to this size. */
const GATHER_BYTES = 2 ** 20;
/** Bytes. Larger writes are cut into pieces, so that an abort need not wait for gigabytes. */
const PIECE_BYTES = 2 ** 26;

/** Temporary files of this process that exist at the moment. */
const live = new Set<string>();
const swept = new Set<string>();
let listening = false;

/**
 * Removes the temporary files of unfinished writes. It runs when the process exits, also on a
 * second Ctrl-C. Only a kill leaves files behind, which removeStale() finds later.
 */
export function removeTempFiles(): void {
  for (const file of live) {
    try {
      unlinkSync(file);
    } catch {
      // The file is published or removed already.
    }
  }
  live.clear();
}

/**
 * A temporary file beside its target. An existing target stays complete until publish() replaces it
 * in one step.
 */
export class TempFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #gathered = new Uint8Array(GATHER_BYTES);
  readonly #signal: AbortSignal | undefined;
  #pending = 0;
  #closed = false;

  private constructor(file: string, handle: FileHandle, signal: AbortSignal | undefined) {
    this.#path = file;
    this.#handle = handle;
    this.#signal = signal;
  }

  /**
   * Creates a temporary file.
   *
   * @param folder the folder of the file and of its target
   * @param mode permissions; the process's umask applies
   * @param signal cancels writes, which then reject with its reason
   * @throws ConvfuseError ERR_IO
   */
  static async create(folder: string, mode: number, signal?: AbortSignal): Promise<TempFile> {
    await removeStale(folder);
    if (!listening) process.once('exit', removeTempFiles);
    listening = true;
    const name = `${PREFIX}${process.pid}-${randomBytes(8).toString('hex')}.tmp`;
    const file = path.join(folder, name);
    const flags =
      constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);
    // Registered before it exists, so that a process signal in between does not leave it behind.
    live.add(file);
    try {
      return new TempFile(file, await open(file, flags, mode), signal);
    } catch (error) {
      live.delete(file);
      throw ioError(`cannot write to ${folder}`, error);
    }
  }

  /** Sets the permissions, ignoring the umask. */
  async setMode(mode: number): Promise<void> {
    await this.#handle.chmod(mode).catch((error: unknown) => {
      throw ioError(`cannot set the mode of ${this.#path}`, error);
    });
  }

  /**
   * Appends bytes, which the caller may change once the promise resolves. @throws ConvfuseError
   * ERR_IO
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#pending + bytes.length > GATHER_BYTES) await this.#flush();
    if (bytes.length > GATHER_BYTES) return this.#writeAll(bytes);
    this.#gathered.set(bytes, this.#pending);
    this.#pending += bytes.length;
  }

  /**
   * Flushes the content to the disk, then gives it the target's name.
   *
   * @param replace whether to replace an existing file; otherwise such a file is kept
   * @throws ConvfuseError ERR_OUTPUT when it exists and may not be replaced, ERR_IO
   */
  async publish(target: string, replace: boolean): Promise<void> {
    await this.#flush();
    try {
      // A failed fsync is final: the kernel may drop the data and report success the next time.
      await this.#handle.sync();
      this.#closed = true;
      await this.#handle.close();
      if (replace) await rename(this.#path, target);
      else await linkNew(this.#path, target);
    } catch (error) {
      throw ioError(`cannot write ${target}`, error);
    }
    live.delete(this.#path);
    await syncFolder(path.dirname(target));
  }

  /**
   * Removes the file, unless it is published. Never throws, because it is called after another
   * error.
   */
  async discard(): Promise<void> {
    if (!this.#closed) await this.#handle.close().catch(() => undefined);
    this.#closed = true;
    if (live.delete(this.#path)) await unlink(this.#path).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const length = this.#pending;
    this.#pending = 0;
    await this.#writeAll(this.#gathered.subarray(0, length));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length && this.#signal?.aborted !== true;) {
        const length = Math.min(bytes.length - done, PIECE_BYTES);
        done += (await this.#handle.write(bytes, done, length)).bytesWritten;
      }
    } catch (error) {
      throw ioError(`cannot write ${this.#path}`, error);
    }
    this.#signal?.throwIfAborted();
  }
}

/** Wraps an error of the operating system. */
export function ioError(what: string, error: unknown): ConvfuseError {
  if (error instanceof ConvfuseError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return new ConvfuseError('ERR_IO', `${what}: ${code}`, { cause: error });
}

/**
 * Renames the file without replacing another: link() fails if the name is taken; then the old name
 * is removed.
 */
async function linkNew(file: string, target: string): Promise<void> {
  try {
    await link(file, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new ConvfuseError('ERR_OUTPUT', `${target} exists already`);
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    // On file systems without hard links (FAT), checking and renaming are two steps.
    const taken = await lstat(target).catch(() => undefined);
    if (taken !== undefined) throw new ConvfuseError('ERR_OUTPUT', `${target} exists already`);
    await rename(file, target);
    return;
  }
  await unlink(file);
}

/** Makes a rename durable. Not every system can sync a folder. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY);
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EIO' || code === 'ENOSPC') throw ioError(`cannot write to ${folder}`, error);
  }
}

/** Removes temporary files, at least a day old, of processes that were killed. Once per folder. */
async function removeStale(folder: string): Promise<void> {
  if (swept.has(folder)) return;
  swept.add(folder);
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names) {
    const pid = PATTERN.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const file = path.join(folder, name);
    const stats = await lstat(file).catch(() => undefined);
    if (stats?.isFile() !== true || Date.now() - stats.mtimeMs < STALE_AFTER) continue;
    await unlink(file).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
