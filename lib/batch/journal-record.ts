import { sha256, type FileContent } from '../api/content.js';
import type { FileReport } from '../api/report.js';
import { readReport } from './stored-report.js';
import { storable, StoredFields } from './stored-fields.js';

/** What a run says of an output before the output has its name. */
export interface JournalRecord {
  /** Path of the output from the folder of the journal, with / between, also where it is not written. */
  readonly key: string;
  /** Version of convfuse that made it. */
  readonly version: string;
  /** Hash of the options that it was made with, see fingerprint.ts. */
  readonly options: string;
  /** What it was made from. */
  readonly input: FileContent;
  /** What the output will be; undefined for an unchanged model that is not written. */
  readonly output: FileContent | undefined;
  /** The report of the run, but for the time that writing took, which nobody knows by then. */
  readonly report: FileReport;
}

// A line is {"sha256":"<64 digits>","record":<the record>}, with the hash of the record's text: a line
// that was torn, or changed by accident, is no record.
const HEAD = '{"sha256":"';
const MIDDLE = '","record":';
const TEXT_AT = HEAD.length + 64 + MIDDLE.length;

/** One line of a journal, with its end. */
export function encodeRecord(record: JournalRecord): string {
  const text = JSON.stringify(record, storable);
  return `${HEAD}${hashOf(text)}${MIDDLE}${text}}\n`;
}

/** The record in a line; undefined where it holds none. It never throws. */
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
