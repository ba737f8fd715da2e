import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { checkFlag, checkOptions, checkPath } from '../api/arguments.js';
import { checkTarget, writeFile, type OutputTarget } from '../api/output-target.js';
import { ConvfuseError } from '../errors.js';
import { page } from './page.js';
import type { FuseRun } from './run.js';
import { isSealed, sealed } from './seal.js';

export interface ReportOptions {
  /** Replace an existing file. Default false. */
  readonly force?: boolean;
  /** Replace the report of an earlier run, if nobody changed it since. Default false. */
  readonly resume?: boolean;
}

/** The file of a report, after a check that it can be written. */
export interface ReportFile {
  readonly path: string;
  /**
   * Writes the report: one HTML page, complete in itself. The file is absent, the old one, or the
   * complete new one.
   *
   * @throws ConvfuseError ERR_OUTPUT, ERR_IO
   */
  write(run: FuseRun): Promise<void>;
}

/**
 * Checks that a report can be written to a file, before the work that it reports on is done. A missing
 * folder is created when the report is written.
 *
 * @throws ConvfuseError ERR_OUTPUT when it exists, or is a link or no plain file; ERR_IO when its
 *   folder cannot be written to; ERR_ARGUMENT
 */
export async function prepareReport(
  file: string,
  options: ReportOptions = {},
): Promise<ReportFile> {
  checkPath(file, 'file');
  checkOptions(options);
  checkFlag(options.force, 'force');
  checkFlag(options.resume, 'resume');
  const target = path.resolve(file);
  const folder = path.dirname(target);
  const check = async (): Promise<OutputTarget> => {
    const { force = false, resume = false } = options;
    return checkTarget(target, undefined, { force: force || (resume && (await isSealed(target))) });
  };
  if (existsSync(folder)) await check();
  return {
    path: target,
    write: async (run) => {
      try {
        await mkdir(folder, { recursive: true });
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        throw new ConvfuseError('ERR_IO', `cannot make ${folder}: ${code}`, { cause });
      }
      // Written in pieces, so that a page of many models is never in memory as a whole.
      await writeFile(await check(), sealed(page(run)));
    },
  };
}
