import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { fuseFile } from '#convfuse/batch/fuse-file.js';
import type { JournalRecord } from '#convfuse/batch/journal-record.js';
import { listing } from '../helpers/cli.js';
import { convBnModel } from '../helpers/small-models.js';
import { tempFolder } from '../helpers/temp-folder.js';

interface Bench {
  readonly job: { input: string; output: string; named: boolean; makeFolder: boolean };
  readonly folder: string;
}

function setUp(folder: string): Bench {
  const input = path.join(folder, 'a.onnx');
  writeFileSync(input, convBnModel());
  const output = path.join(folder, 'a.fused.onnx');
  return { folder, job: { input, output, named: false, makeFolder: false } };
}

test('the record is written down before the output has its name', async (t) => {
  const { job } = setUp(tempFolder(t));
  let record = undefined as JournalRecord | undefined;
  const report = await fuseFile(job, {}, undefined, undefined, {
    key: 'k',
    earlier: undefined,
    vouch: async (said) => {
      t.false(existsSync(job.output));
      record = said;
    },
    note: t.fail,
  });
  t.is(report.status, 'fused');
  t.true(report.milliseconds.write > 0);
  t.is(record?.key, 'k');
  t.is(record?.report.milliseconds.write, 0);
  const milliseconds = { ...report.milliseconds, write: 0 };
  t.deepEqual(record?.report, { ...report, milliseconds });
});

test('an output that an earlier run still brings to its end is taken over', async (t) => {
  const { job } = setUp(tempFolder(t));
  const earlier: JournalRecord[] = [];
  const ledger = {
    key: 'k',
    vouch: async (record: JournalRecord) => void earlier.push(record),
    note: (): void => undefined,
  };
  await fuseFile(job, {}, undefined, undefined, { ...ledger, earlier: undefined });
  const bytes = readFileSync(job.output);
  rmSync(job.output);
  const report = await fuseFile(job, {}, undefined, undefined, {
    ...ledger,
    earlier,
    vouch: async () => {
      writeFileSync(job.output, bytes);
    },
  });
  t.like(report, { status: 'fused', resumed: true, output: job.output });
  // Somebody else's file is not.
  rmSync(job.output);
  const other = await fuseFile(job, {}, undefined, undefined, {
    ...ledger,
    earlier,
    vouch: async () => {
      writeFileSync(job.output, 'mine');
    },
  });
  t.like(other, { status: 'failed', error: { code: 'ERR_OUTPUT' } });
  t.is(readFileSync(job.output, 'utf8'), 'mine');
});

test('an abort while the record is on its way leaves no output', async (t) => {
  const { job, folder } = setUp(tempFolder(t));
  const abort = new AbortController();
  const reason = new Error('enough');
  const work = fuseFile(job, {}, abort.signal, undefined, {
    key: 'k',
    earlier: [],
    vouch: async () => {
      abort.abort(reason);
      throw reason;
    },
    note: t.fail,
  });
  t.is(await t.throwsAsync(work), reason);
  t.deepEqual(listing(folder), ['a.onnx']);
});
