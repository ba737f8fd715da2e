import { constants } from 'node:fs';
import { lstat, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { ioError, syncFolder, TempFile } from '../api/temp-file.js';
import { ConvfuseError } from '../errors.js';
import { decodeRecord, encodeRecord, type JournalRecord } from './journal-record.js';

export const JOURNAL_NAME = '.convfuse-journal.jsonl';

/** Enough for ten thousand models with reports of 100 KiB. A larger journal is refused. */
export const MAX_JOURNAL_BYTES = 2 ** 30;

/** Enough for a report of some hundred thousand sites. */
export const MAX_RECORD_BYTES = 2 ** 26;

const READ_BYTES = 2 ** 20;
const NEWLINE = 0x0a;

/**
 * The journal of a folder of outputs: one line for each model that was worked on. Lines are appended,
 * because replacing the whole file after each model would write all earlier reports again. A line that
 * a crash left incomplete is ignored. A record is appended before its output is published, so that no
 * output exists without a record.
 *
 * Others may be able to write to the folder: a journal that is a link, has several hard links or is not a
 * plain file is refused.
 */
export class Journal {
  readonly file: string;
  readonly #folder: string;
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
    this.file = path.join(folder, JOURNAL_NAME);
  }

  async exists(): Promise<boolean> {
    return (await lstat(this.file).catch(() => undefined)) !== undefined;
  }

  /**
   * All records, in the order of the file. Lines without a valid record are ignored. Without a journal,
   * there are none.
   *
   * @throws ConvfuseError ERR_IO, ERR_LIMIT
   */
  async *read(): AsyncGenerator<JournalRecord, void, undefined> {
    const handle = await this.#open(constants.O_RDONLY);
    if (handle === undefined) return;
    try {
      for await (const line of linesOf(handle)) {
        const record = decodeRecord(line);
        if (record !== undefined) yield record;
      }
    } finally {
      await handle.close();
    }
  }

  /**
   * Appends a record, after all earlier calls. It is on the disk when the promise resolves.
   *
   * @throws ConvfuseError ERR_IO, ERR_LIMIT
   */
  async append(record: JournalRecord): Promise<void> {
    const work = this.#last.then(async () => this.#append(record));
    this.#last = work.catch(() => undefined);
    return work;
  }

  /**
   * Removes records that a later record of the same output replaces, if these are more than half of all
   * records. The old journal stays until the new one is complete.
   *
   * @param settled keys of outputs that exist as their last records describe them
   * @throws ConvfuseError ERR_IO, ERR_LIMIT
   */
  async compact(settled: ReadonlySet<string>): Promise<void> {
    await this.#last;
    const size = await this.#size();
    const last = new Map<string, number>();
    let [count, others] = [0, 0];
    for await (const { key } of this.read()) {
      if (settled.has(key)) last.set(key, count);
      else others += 1;
      count += 1;
    }
    if (count <= 2 * (last.size + others)) return;
    await this.#rewrite(size, ({ key }, index) => !settled.has(key) || last.get(key) === index);
  }

  /**
   * Removes the records of outputs that no later run needs. A journal without other records is deleted.
   *
   * @throws ConvfuseError ERR_IO, ERR_LIMIT
   */
  async forget(keys: ReadonlySet<string>): Promise<void> {
    await this.#last;
    const size = await this.#size();
    let others = 0;
    for await (const { key } of this.read()) if (!keys.has(key)) others += 1;
    if (others > 0) return this.#rewrite(size, ({ key }) => !keys.has(key));
    if ((await this.#size()) === size) await rm(this.file);
  }

  /**
   * Replaces the journal, in one step, by one with the records for which `keeps` is true.
   *
   * @param size bytes of the journal that the caller has read
   */
  async #rewrite(
    size: number,
    keeps: (record: JournalRecord, index: number) => boolean,
  ): Promise<void> {
    const temp = await TempFile.create(this.#folder, 0o600);
    try {
      let index = 0;
      for await (const record of this.read()) {
        if (keeps(record, index)) await temp.write(Buffer.from(encodeRecord(record)));
        index += 1;
      }
      // If a concurrent run has appended a record meanwhile, the journal stays as it is.
      if ((await this.#size()) === size) await temp.publish(this.file, true);
    } finally {
      await temp.discard();
    }
  }

  async #size(): Promise<number> {
    return (await lstat(this.file)).size;
  }

  async #append(record: JournalRecord): Promise<void> {
    const line = Buffer.from(encodeRecord(record));
    if (line.length > MAX_RECORD_BYTES) throw tooLarge('its report');
    const isNew = !(await this.exists());
    // Opened each time, because a concurrent run may have removed the file.
    const handle = await this.#open(constants.O_RDWR | constants.O_APPEND | constants.O_CREAT);
    try {
      const { size } = await handle!.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle!.read(last, 0, 1, size - 1);
      // An incomplete line is ended first. Usually one call writes all bytes, so that lines of
      // concurrent runs do not mix.
      const torn = size > 0 && last[0] !== NEWLINE;
      const bytes = torn ? Buffer.concat([Buffer.of(NEWLINE), line]) : line;
      for (let done = 0; done < bytes.length;) {
        done += (await handle!.write(bytes, done)).bytesWritten;
      }
      await handle!.sync();
    } catch (error) {
      throw ioError(`cannot write ${this.file}`, error);
    } finally {
      await handle!.close();
    }
    if (isNew) await syncFolder(this.#folder);
  }

  /** undefined if there is no journal to read. The open file is checked, since a name can be swapped. */
  async #open(flags: number): Promise<FileHandle | undefined> {
    let handle: FileHandle;
    try {
      const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
      // Mode 0600: reports have names from models that others may not be allowed to read.
      handle = await open(this.file, flags | careful, 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && flags === constants.O_RDONLY) {
        return undefined;
      }
      throw ioError(`cannot open ${this.file}`, error);
    }
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw refusal(`${this.file} is not a plain file`);
      if (stats.nlink > 1) throw refusal(`${this.file} is a hard link to a file with other names`);
      if (stats.size > MAX_JOURNAL_BYTES) throw tooLarge(this.file);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

/** The lines of a file, without line ends. Lines longer than any record are left out. */
async function* linesOf(handle: FileHandle): AsyncGenerator<string, void, undefined> {
  const piece = Buffer.allocUnsafe(READ_BYTES);
  let parts: Buffer[] = [];
  let length = 0;
  for (let total = 0; total <= MAX_JOURNAL_BYTES;) {
    const { bytesRead } = await handle.read(piece, 0, READ_BYTES, null);
    if (bytesRead === 0) break;
    total += bytesRead;
    for (let start = 0; start < bytesRead;) {
      const found = piece.subarray(0, bytesRead).indexOf(NEWLINE, start);
      const end = found < 0 ? bytesRead : found;
      length += end - start;
      if (length <= MAX_RECORD_BYTES) parts.push(Buffer.from(piece.subarray(start, end)));
      else parts = [];
      if (found >= 0) {
        if (length <= MAX_RECORD_BYTES) yield Buffer.concat(parts).toString('utf8');
        parts = [];
        length = 0;
      }
      start = end + 1;
    }
  }
  if (length > 0 && length <= MAX_RECORD_BYTES) yield Buffer.concat(parts).toString('utf8');
}

function refusal(what: string): ConvfuseError {
  return new ConvfuseError('ERR_IO', what);
}

function tooLarge(what: string): ConvfuseError {
  return new ConvfuseError('ERR_LIMIT', `${what} exceeds the limit of a journal`);
}
