import { constants } from 'node:fs';
import { lstat, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { ioError, syncFolder, TempFile } from '../api/temp-file.js';
import { ConvfuseError } from '../errors.js';
import { decodeRecord, encodeRecord, type JournalRecord } from './journal-record.js';

export const JOURNAL_NAME = '.convfuse-journal.jsonl';

/** Ten thousand models with reports of 100 KiB. One that is larger is not convfuse's. */
export const MAX_JOURNAL_BYTES = 2 ** 30;

/** A report of some hundred thousand sites. */
export const MAX_RECORD_BYTES = 2 ** 26;

const READ_BYTES = 2 ** 20;
const NEWLINE = 0x0a;

/**
 * The journal of a folder of outputs: a record for each model that was worked on, in lines that
 * are appended. A manifest that is replaced as a whole would be written anew for every
 * model, with all reports so far; a line costs what one report costs, and one that a crash tore is
 * passed over. Records are appended before their outputs have a name, so that no output is ever
 * there without one.
 *
 * The folder may be anybody's: links, hard links and what is no plain file are not touched.
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
   * All records, in their order. Lines that hold none are passed over.
   *
   * @throws ConvfuseError ERR_IO, ERR_LIMIT; none when there is no journal
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
   * Adds a record, after those that are on their way. It is on the disk when this resolves.
   *
   * @throws ConvfuseError ERR_IO, ERR_LIMIT
   */
  async append(record: JournalRecord): Promise<void> {
    const work = this.#last.then(async () => this.#append(record));
    this.#last = work.catch(() => undefined);
    return work;
  }

  /**
   * Writes the journal anew, without the records that later ones of their outputs make void, once these are
   * the larger part of it. The old journal stays until the new one is complete.
   *
   * @param settled keys of outputs that are there, as their last records say
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
   * Forgets outputs: nothing is left to go on with. A journal that speaks of no others is removed.
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

  /** Replaces a journal of `size` bytes, in one step, by one of the records that are kept. */
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
      // Nothing may be lost of what a run beside this one has written meanwhile.
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
    // Opened each time: a run beside this one may have taken the file away.
    const handle = await this.#open(constants.O_RDWR | constants.O_APPEND | constants.O_CREAT);
    try {
      const { size } = await handle!.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle!.read(last, 0, 1, size - 1);
      // Behind a line that was torn, a new one has to begin. One call writes all of it as a rule,
      // since others may append too.
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

  /** undefined when there is none, and none is to be made. What is open is checked, not the name. */
  async #open(flags: number): Promise<FileHandle | undefined> {
    let handle: FileHandle;
    try {
      const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
      // Reports have names out of models that others may not be allowed to read.
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

/** The lines of a file, without their ends; those that no record can be in are left out. */
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
  return new ConvfuseError('ERR_LIMIT', `${what} passes the limit of a journal`);
}
