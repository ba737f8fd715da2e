import { sha256, type FileContent } from '../api/content.js';
import type { FileReport } from '../api/report.js';
import { readReport } from './stored-report.js';
import { storable, StoredFields } from './stored-fields.js';

/** What a run records about an output before publishing it. */
export interface JournalRecord {
  /** Path of the output relative to the journal's folder, with /. Also set if nothing is written. */
  readonly key: string;
  /** Version of convfuse that made it. */
  readonly version: string;
  /** Hash of the options that it was made with, see fingerprint.ts. */
  readonly options: string;
  /** The content of the model that it was made from. */
  readonly input: FileContent;
  /** The content that the output will have; undefined for an unchanged model that is not written. */
  readonly output: FileContent | undefined;
  /** The report of the run. Its time of writing is 0, since the output is not written yet. */
  readonly report: FileReport;
}

// A line is {"sha256":"<64 digits>","record":<the record>}, with the hash of the record's text. A line that
// is incomplete, or was changed by accident, does not fit its hash and is ignored.
const HEAD = '{"sha256":"';
const MIDDLE = '","record":';
const TEXT_AT = HEAD.length + 64 + MIDDLE.length;

/** One line of a journal, including the line end. */
export function encodeRecord(record: JournalRecord): string {
  const text = JSON.stringify(record, storable);
  return `${HEAD}${hashOf(text)}${MIDDLE}${text}}\n`;
}

/** The record in a line; undefined if the line holds no valid one. It never throws. */
export function decodeRecord(line: string): JournalRecord | undefined {
  const text = line.slice(TEXT_AT, -1);
  if (line !== `${HEAD}${hashOf(text)}${MIDDLE}${text}}`) return undefined;
  try {
    const stored = new StoredFields(JSON.parse(text));
    return {
      key: stored.text('key'),
      version: stored.text('version'),
      options: stored.hash('options'),
      input: readContent(stored.fields('input')),
      output: stored.optional('output', (name) => readContent(stored.fields(name))),
      report: readReport(stored.fields('report')),
    };
  } catch {
    return undefined;
  }
}

function readContent(stored: StoredFields): FileContent {
  return {
    sha256: stored.hash('sha256'),
    data: stored.list('data', (file) => ({ name: file.text('name'), sha256: file.hash('sha256') })),
  };
}

function hashOf(text: string): string {
  return sha256([Buffer.from(text)]);
}
