import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { removeTempFiles, TempFile } from '#convfuse/api/temp-file.js';
import { Random } from '#convfuse/tensor/random.js';

import { tempFolder } from '../helpers/temp-folder.js';

test('small and large writes arrive in order', async (t) => {
  const folder = tempFolder(t);
  const random = new Random(1);
  const parts = [3, 0, 2 ** 20, 5, 2 ** 20 + 1, 2 ** 19, 2 ** 19, 2 ** 19, 1].map((length) =>
    Uint8Array.from({ length }, () => random.bits()),
  );
  const temp = await TempFile.create(folder, 0o666);
  for (const part of parts) await temp.write(part);
  const target = path.join(folder, 'out');
  t.false(existsSync(target));
  await temp.publish(target, false);
  t.is(Buffer.compare(readFileSync(target), Buffer.concat(parts)), 0);
  t.deepEqual(readdirSync(folder), ['out']);
});

test('what is there stays until it is replaced, and only if it may be', async (t) => {
  const folder = tempFolder(t);
  const target = path.join(folder, 'out');
  writeFileSync(target, 'old');
  const temp = await TempFile.create(folder, 0o666);
  await temp.write(Buffer.from('new'));
  const error = await t.throwsAsync(temp.publish(target, false), { message: /exists already/ });
  t.like(error, { code: 'ERR_OUTPUT' });
  await temp.discard();
  t.is(readFileSync(target, 'utf8'), 'old');
  const second = await TempFile.create(folder, 0o666);
  await second.write(Buffer.from('new'));
  await second.publish(target, true);
  t.is(readFileSync(target, 'utf8'), 'new');
  t.deepEqual(readdirSync(folder), ['out']);
});

test('a discarded file is gone, and may be discarded twice', async (t) => {
  const folder = tempFolder(t);
  const temp = await TempFile.create(folder, 0o666);
  await temp.write(new Uint8Array(2 ** 21));
  t.is(readdirSync(folder).length, 1);
  await temp.discard();
  await temp.discard();
  t.deepEqual(readdirSync(folder), []);
});

test.serial('a process about to end removes its temporary files, and no other', async (t) => {
  const folder = tempFolder(t);
  const published = await TempFile.create(folder, 0o666);
  await published.publish(path.join(folder, 'out'), false);
  const temp = await TempFile.create(folder, 0o666);
  t.is(readdirSync(folder).length, 2);
  removeTempFiles();
  t.deepEqual(readdirSync(folder), ['out']);
  await temp.discard();
});

test('files of killed processes go after a day', async (t) => {
  const folder = tempFolder(t);
  const old = (name: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, '');
    utimesSync(file, 1000, 1000);
    return file;
  };
  // No system has this process id.
  const dead = 2 ** 30 + 1;
  const stale = old(`.convfuse-${dead}-0123456789abcdef.tmp`);
  const running = old(`.convfuse-${process.pid}-0123456789abcdef.tmp`);
  const foreign = old('.convfuse-notes.tmp');
  const recent = path.join(folder, `.convfuse-${dead}-fedcba9876543210.tmp`);
  writeFileSync(recent, '');
  await (await TempFile.create(folder, 0o666)).discard();
  t.false(existsSync(stale));
  for (const file of [running, foreign, recent]) t.true(existsSync(file), file);
});

test('a folder that cannot be written to is an error with its cause', async (t) => {
  const folder = path.join(tempFolder(t), 'missing');
  const error = await t.throwsAsync(TempFile.create(folder, 0o666));
  t.like(error, { code: 'ERR_IO', cause: { code: 'ENOENT' } });
});

test('the file is private until it is published', async (t) => {
  const folder = tempFolder(t);
  const temp = await TempFile.create(folder, 0o600);
  const [name] = readdirSync(folder);
  if (process.platform !== 'win32') t.is(lstatSync(path.join(folder, name!)).mode & 0o777, 0o600);
  await temp.setMode(0o644);
  await temp.publish(path.join(folder, 'out'), false);
  if (process.platform !== 'win32') t.is(lstatSync(path.join(folder, 'out')).mode & 0o777, 0o644);
  t.pass();
});
