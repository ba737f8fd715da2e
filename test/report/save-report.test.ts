import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { prepareReport } from '#convfuse/index.js';
import { page } from '#convfuse/report/page.js';
import { isSealed } from '#convfuse/report/seal.js';
import { fileReport, fuseRun } from '../helpers/report-runs.js';
import { parseStrictly } from '../helpers/strict-html.js';
import { tempFolder } from '../helpers/temp-folder.js';

const RUN = fuseRun([fileReport()]);

test('a report is the page, well-formed, and its seal', async (t) => {
  const file = path.join(tempFolder(t), 'new', 'r.html');
  const report = await prepareReport(file);
  t.is(report.path, file);
  t.false(existsSync(path.dirname(file)));
  await report.write(RUN);
  const text = readFileSync(file, 'utf8');
  t.true(text.startsWith([...page(RUN)].join('')));
  t.notThrows(() => parseStrictly(text));
  t.deepEqual(readdirSync(path.dirname(file)), ['r.html']);
});

test('an existing file is kept unless force', async (t) => {
  const file = path.join(tempFolder(t), 'r.html');
  const report = await prepareReport(file);
  writeFileSync(file, 'mine');
  await t.throwsAsync(report.write(RUN), { code: 'ERR_OUTPUT' });
  for (const options of [{}, { resume: true }]) {
    await t.throwsAsync(prepareReport(file, options), { code: 'ERR_OUTPUT' });
  }
  t.is(readFileSync(file, 'utf8'), 'mine');
  await (await prepareReport(file, { force: true })).write(RUN);
  t.regex(readFileSync(file, 'utf8'), /^<!DOCTYPE html>/);
});

test('a run that is resumed replaces the report of the one before, if nobody changed it', async (t) => {
  const file = path.join(tempFolder(t), 'r.html');
  await (await prepareReport(file)).write(RUN);
  await t.throwsAsync(prepareReport(file), { code: 'ERR_OUTPUT' });
  await (await prepareReport(file, { resume: true })).write(fuseRun([]));
  t.regex(readFileSync(file, 'utf8'), /0 models/);
  const bytes = readFileSync(file);
  for (const changed of [
    Buffer.concat([bytes, Buffer.from('\n')]),
    Buffer.concat([Buffer.from(' '), bytes]),
    bytes.subarray(0, -1),
    bytes.subarray(-120),
    Buffer.alloc(0),
  ]) {
    writeFileSync(file, changed);
    await t.throwsAsync(prepareReport(file, { resume: true }), { code: 'ERR_OUTPUT' });
    t.deepEqual(readFileSync(file), changed);
  }
});

test('links and what is no plain file are not written to', async (t) => {
  const folder = tempFolder(t);
  const target = path.join(folder, 'target');
  writeFileSync(target, 'mine');
  const file = path.join(folder, 'r.html');
  symlinkSync(target, file);
  const options = { force: true, resume: true };
  await t.throwsAsync(prepareReport(file, options), { code: 'ERR_OUTPUT' });
  symlinkSync('nothing', path.join(folder, 'dangling.html'));
  await t.throwsAsync(prepareReport(path.join(folder, 'dangling.html'), options), {
    code: 'ERR_OUTPUT',
  });
  mkdirSync(path.join(folder, 'd.html'));
  await t.throwsAsync(prepareReport(path.join(folder, 'd.html'), options), { code: 'ERR_OUTPUT' });
  // A hard link is replaced: its other name keeps what it has.
  linkSync(target, path.join(folder, 'hard.html'));
  await (await prepareReport(path.join(folder, 'hard.html'), options)).write(RUN);
  t.is(readFileSync(target, 'utf8'), 'mine');
});

test('a folder that cannot be is an error with a code', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(path.join(folder, 'file'), '');
  const inside = path.join(folder, 'file', 'deeper', 'r.html');
  await t.throwsAsync((await prepareReport(inside)).write(RUN), { code: 'ERR_IO' });
  await t.throwsAsync(prepareReport(''), { code: 'ERR_ARGUMENT' });
  await t.throwsAsync(prepareReport(inside, { force: 'no' } as never), { code: 'ERR_ARGUMENT' });
});

test('of a file that is changed in any byte the seal is broken', async (t) => {
  const file = path.join(tempFolder(t), 'r.html');
  await (await prepareReport(file)).write(RUN);
  t.true(await isSealed(file));
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; at += 499) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    writeFileSync(file, changed);
    t.false(await isSealed(file), `byte ${at}`);
  }
  writeFileSync(file, bytes);
  appendFileSync(file, '');
  t.true(await isSealed(file));
  t.false(await isSealed(path.dirname(file)));
});
