import { randomBytes } from 'node:crypto';
import { constants, unlinkSync } from 'node:fs';
import { link, lstat, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { ConvfuseError } from '../errors.js';

const PREFIX = '.convfuse-';
const PATTERN = /^\.convfuse-(\d+)-[0-9a-f]{16}\.tmp$/;
const STALE_AFTER = 24 * 3600 * 1000;
/** Small writes are gathered up to this size. */
const GATHER_BYTES = 2 ** 20;
/** Large ones are cut up, so that an abort need not wait for gigabytes. */
const PIECE_BYTES = 2 ** 26;

/** Temporary files of this process that exist at the moment. */
const live = new Set<string>();
const swept = new Set<string>();
let listening = false;

/**
 * Removes the temporary files of writes under way. It runs by itself when the process exits, as
 * it does on a second Ctrl-C; only a kill leaves files behind, which removeStale() finds later.
 */
export function removeTempFiles(): void {
  for (const file of live) {
    try {
      unlinkSync(file);
    } catch {
      // Published or gone already.
    }
  }
  live.clear();
}

/**
 * A file in the making, beside the place that it is made for. What it replaces stays whole until
 * publish() puts the new content in its place in one step.
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
   * @param folder where it is made and will be published
   * @param mode permissions; the process's umask applies
   * @param signal ends writes with its reason
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
    // Known before it exists: a signal in between must not leave it behind.
    live.add(file);
    try {
      return new TempFile(file, await open(file, flags, mode), signal);
    } catch (error) {
      live.delete(file);
      throw ioError(`cannot write to ${folder}`, error);
    }
  }

  /** Gives it exactly these permissions. */
  async setMode(mode: number): Promise<void> {
    await this.#handle.chmod(mode).catch((error: unknown) => {
      throw ioError(`cannot set the mode of ${this.#path}`, error);
    });
  }

  /** Appends bytes. They may change as soon as it resolves. @throws ConvfuseError ERR_IO */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#pending + bytes.length > GATHER_BYTES) await this.#flush();
    if (bytes.length > GATHER_BYTES) return this.#writeAll(bytes);
    this.#gathered.set(bytes, this.#pending);
    this.#pending += bytes.length;
  }

  /**
   * Brings the content to the disk, and then to its name.
   *
   * @param replace take the place of a file that is there; otherwise a file that is there stays
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

  /** Takes it away, unless it is published. Never throws: there is an error to report already. */
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

/** A second name for the file, which fails if the name is taken; then the first one goes. */
async function linkNew(file: string, target: string): Promise<void> {
  try {
    await link(file, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new ConvfuseError('ERR_OUTPUT', `${target} exists already`);
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    // A file system without hard links (FAT): there the check and the step are two.
    const taken = await lstat(target).catch(() => undefined);
    if (taken !== undefined) throw new ConvfuseError('ERR_OUTPUT', `${target} exists already`);
    await rename(file, target);
    return;
  }
  await unlink(file);
}

/** Makes a rename last through a power cut. Not every system can sync a folder. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY);
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EIO' || code === 'ENOSPC') throw ioError(`cannot write to ${folder}`, error);
  }
}

/** Temporary files of processes that were killed, a day ago or more. Once for each folder. */
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
