// What has changed since a model was finished, and what is then done.

import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { encodeRecord } from '#convfuse/batch/journal-record.js';
import { type FuseModelsOptions } from '#convfuse/index.js';
import {
  comparable,
  dataFile,
  filesOf,
  inModels,
  inOut,
  runBatch,
  setUpBatch,
  type Batch,
} from '../helpers/batches.js';
import { convBnModel } from '../helpers/small-models.js';

type Case = readonly [
  what: string,
  change: (batch: Batch) => void,
  options: FuseModelsOptions,
  reason: RegExp | undefined,
  line: string,
];

const CASES: readonly Case[] = [
  [
    'another model',
    (batch) => writeFileSync(inModels(batch, 'a.onnx'), convBnModel({ seed: 7 })),
    {},
    /a\.onnx is fused again: the model has changed/,
    'a fused',
  ],
  [
    'other external data',
    (batch) => {
      const file = inModels(batch, 'w.bin');
      const bytes = readFileSync(file);
      bytes[1]! ^= 1;
      writeFileSync(file, bytes);
    },
    {},
    /e\.onnx is fused again: its external data has changed/,
    'e unchanged',
  ],
  [
    'other options',
    () => undefined,
    { verify: { seed: 5 } },
    /a\.onnx is fused again: it was fused with other options/,
    'a fused',
  ],
  [
    'another version',
    (batch) => {
      const text = readFileSync(batch.journal, 'utf8');
      writeFileSync(
        batch.journal,
        resealed(text, (line) => line.replaceAll('"version":"', '"version":"0.')),
      );
    },
    {},
    /a\.onnx is fused again: it was fused by convfuse 0\./,
    'a fused',
  ],
  [
    'a deleted output',
    (batch) => rmSync(inOut(batch, 'a.fused.onnx')),
    {},
    /a\.onnx is fused again: its output is missing/,
    'a fused',
  ],
  [
    'a deleted data file',
    (batch) => rmSync(dataFile(batch)),
    {},
    /e\.onnx is fused again: the data file of its output/,
    'e unchanged',
  ],
  [
    'a changed data file',
    (batch) => appendFileSync(dataFile(batch), 'x'),
    {},
    /e\.onnx is fused again: the data file of its output/,
    'e unchanged',
  ],
  [
    'a changed output, with force',
    (batch) => appendFileSync(inOut(batch, 'a.fused.onnx'), 'x'),
    { force: true },
    /a\.onnx is fused again: its output differs from its record/,
    'a fused',
  ],
  [
    'a changed output',
    (batch) => appendFileSync(inOut(batch, 'a.fused.onnx'), 'x'),
    {},
    /a\.onnx is fused again: its output differs from its record/,
    'a failed',
  ],
  [
    'a link in place of an output',
    (batch) => {
      renameSync(inOut(batch, 'a.fused.onnx'), path.join(batch.folder, 'moved.onnx'));
      symlinkSync(path.join(batch.folder, 'moved.onnx'), inOut(batch, 'a.fused.onnx'));
    },
    { force: true },
    /a\.onnx is fused again: its output is missing/,
    'a failed',
  ],
  [
    'an output that no journal speaks of',
    (batch) => {
      writeFileSync(inModels(batch, 'n.onnx'), convBnModel({ seed: 8 }));
      writeFileSync(inOut(batch, 'n.fused.onnx'), 'mine');
    },
    {},
    undefined,
    'n failed',
  ],
];

/** A journal with other records, each with the hash that belongs to it. */
function resealed(text: string, change: (line: string) => string): string {
  const records = text.trimEnd().split('\n');
  return records
    .map((line) => {
      const { record } = JSON.parse(change(line)) as { record: Parameters<typeof encodeRecord>[0] };
      return encodeRecord(record);
    })
    .join('');
}

for (const [what, change, options, reason, line] of CASES) {
  test.serial(`done again: ${what}`, async (t) => {
    const batch = setUpBatch(t);
    await runBatch(batch, { resume: true });
    const before = filesOf(batch.out);
    change(batch);
    const changed = filesOf(batch.out);
    const { lines, notes, reports } = await runBatch(batch, { ...options, resume: true });
    t.true(lines.includes(line), `${lines.join(', ')} ${notes.join(', ')}`);
    if (reason === undefined) t.deepEqual(notes, []);
    else
      t.true(
        notes.some((note) => reason.test(note)),
        notes.join(', '),
      );
    const failed = reports.find(({ status }) => status === 'failed');
    if (failed !== undefined) {
      t.is(failed.error?.code, 'ERR_OUTPUT');
      t.deepEqual(filesOf(batch.out), changed);
      return;
    }
    // As a run that was never stopped leaves it, whatever was there.
    const fresh = path.join(batch.folder, 'fresh');
    const unstopped = await runBatch(batch, { ...options, outDir: fresh });
    const stale = Object.keys(before).filter((name) => name.endsWith('.data'));
    const now = filesOf(batch.out);
    for (const [name, bytes] of Object.entries(filesOf(fresh))) t.is(now[name], bytes, name);
    t.true(Object.keys(now).every((name) => name in filesOf(fresh) || stale.includes(name)));
    t.deepEqual(
      comparable(reports).map((report) => ({ ...(report as object), output: null })),
      comparable(unstopped.reports).map((report) => ({ ...(report as object), output: null })),
    );
  });
}
