import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import test from 'ava';

import {
  Journal,
  JOURNAL_NAME,
  MAX_JOURNAL_BYTES,
  MAX_RECORD_BYTES,
} from '#convfuse/batch/journal.js';
import { encodeRecord } from '#convfuse/batch/journal-record.js';
import { sampleRecord } from '../helpers/journals.js';
import { tempFolder } from '../helpers/temp-folder.js';

async function keysOf(journal: Journal): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of journal.read()) keys.push(key);
  return keys;
}

test('records are read in the order they were appended in', async (t) => {
  const journal = new Journal(tempFolder(t));
  t.deepEqual(await keysOf(journal), []);
  t.false(await journal.exists());
  const keys = Array.from({ length: 20 }, (_value, index) => `${index}.onnx`);
  await Promise.all(keys.map((key) => journal.append(sampleRecord(key))));
  t.deepEqual(await keysOf(journal), keys);
  // Names out of models are not for everybody.
  if (process.platform !== 'win32') t.is(statSync(journal.file).mode & 0o777, 0o600);
});

test('what later records make void is cleared out, once it is most of it', async (t) => {
  const journal = new Journal(tempFolder(t));
  const append = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await journal.append(sampleRecord(key));
  };
  await append('a', 'other', 'b', 'a', 'other');
  await journal.compact(new Set(['a', 'b']));
  t.deepEqual(await keysOf(journal), ['a', 'other', 'b', 'a', 'other'], 'not yet');
  await append('b', 'a', 'a', 'a');
  // Of outputs that are not known to be there, no record is void.
  await journal.compact(new Set(['a', 'b']));
  t.deepEqual(await keysOf(journal), ['other', 'other', 'b', 'a']);
  t.deepEqual(readdirSync(path.dirname(journal.file)), [JOURNAL_NAME]);
  if (process.platform !== 'win32') t.is(statSync(journal.file).mode & 0o777, 0o600);
});

test('a torn line is passed over, and the next record begins a new one', async (t) => {
  const journal = new Journal(tempFolder(t));
  await journal.append(sampleRecord('a'));
  const length = statSync(journal.file).size;
  for (const lost of [1, 2, 100, length - 1]) {
    truncateSync(journal.file, length);
    appendFileSync(journal.file, encodeRecord(sampleRecord('torn')));
    truncateSync(journal.file, statSync(journal.file).size - lost);
    await journal.append(sampleRecord('b'));
    // Only its end is lost: the record is whole.
    const expected = lost === 1 ? ['a', 'torn', 'b'] : ['a', 'b'];
    t.deepEqual(await keysOf(journal), expected, `${lost} bytes`);
  }
});

test('lines of anything are passed over, those without end too', async (t) => {
  const journal = new Journal(tempFolder(t));
  const long = Buffer.alloc(MAX_RECORD_BYTES + 10, 'x');
  const lines = ['', '{}', 'null', '\0\0\0', '{"__proto__": {"key": 1}}', '\ufeff', '\ud800'];
  writeFileSync(journal.file, `${lines.join('\n')}\n`);
  appendFileSync(journal.file, long);
  await journal.append(sampleRecord('a'));
  appendFileSync(journal.file, long);
  t.deepEqual(await keysOf(journal), ['a']);
});

test('one that is too large is neither read nor written', async (t) => {
  const journal = new Journal(tempFolder(t));
  writeFileSync(journal.file, '');
  truncateSync(journal.file, MAX_JOURNAL_BYTES + 1);
  await t.throwsAsync(keysOf(journal), { code: 'ERR_LIMIT' });
  await t.throwsAsync(journal.append(sampleRecord()), { code: 'ERR_LIMIT' });
});

test('a record that is too large is not written', async (t) => {
  const journal = new Journal(tempFolder(t));
  const record = sampleRecord('x'.repeat(MAX_RECORD_BYTES));
  await t.throwsAsync(journal.append(record), { code: 'ERR_LIMIT' });
  await journal.append(sampleRecord('a'));
  t.deepEqual(await keysOf(journal), ['a']);
});

test('links and what is no plain file are not touched', async (t) => {
  const folder = tempFolder(t);
  const target = path.join(folder, 'target');
  const kinds: Record<string, (file: string) => void> = {
    symlink: (file) => symlinkSync(target, file),
    'dangling symlink': (file) => symlinkSync(path.join(folder, 'nothing'), file),
    'hard link': (file) => linkSync(target, file),
    folder: (file) => mkdirSync(file),
    ...(process.platform === 'win32'
      ? {}
      : { fifo: (file: string) => void execFileSync('mkfifo', [file]) }),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    writeFileSync(target, encodeRecord(sampleRecord('a')));
    const place = path.join(folder, kind);
    mkdirSync(place);
    make(path.join(place, JOURNAL_NAME));
    const journal = new Journal(place);
    await t.throwsAsync(keysOf(journal), { code: 'ERR_IO' }, kind);
    await t.throwsAsync(journal.append(sampleRecord('b')), { code: 'ERR_IO' }, kind);
    t.is(readFileSync(target, 'utf8'), encodeRecord(sampleRecord('a')), kind);
  }
});
