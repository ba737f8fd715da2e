// Covers `resume` of lib/batch/fuse-models.ts: what is taken over, and what journals do.

import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { JOURNAL_NAME, MAX_JOURNAL_BYTES } from '#convfuse/batch/journal.js';
import { encodeRecord } from '#convfuse/batch/journal-record.js';
import { fuseModels, rules, type FileReport, type FuseModelsOptions } from '#convfuse/index.js';
import {
  ALL_RESUMED,
  comparable,
  filesOf,
  inModels,
  runBatch,
  setUpBatch,
  type Outcome,
} from '../helpers/batches.js';
import { listing } from '../helpers/cli.js';
import { sampleRecord } from '../helpers/journals.js';
import { convBnModel } from '../helpers/small-models.js';

test.serial('what is finished is taken over, report and all, and nothing is written', async (t) => {
  const batch = setUpBatch(t);
  const first = await runBatch(batch, { resume: true });
  const before = filesOf(batch.out);
  t.is(Object.keys(before).length, 5);
  const journal = readFileSync(batch.journal);
  const times = Object.keys(before).map((name) => statSync(path.join(batch.out, name)).mtimeMs);
  const second = await runBatch(batch, { resume: true });
  t.deepEqual(second.lines, ALL_RESUMED);
  t.deepEqual(second.notes, []);
  t.deepEqual(comparable(second.reports), comparable(first.reports));
  for (const [index, { milliseconds, ...report }] of second.reports.entries()) {
    t.deepEqual(Object.keys(report).slice(0, 8), Object.keys(first.reports[index]!).slice(0, 8));
    t.is(milliseconds.fuse, first.reports[index]!.milliseconds.fuse);
  }
  t.deepEqual(filesOf(batch.out), before);
  t.deepEqual(
    Object.keys(before).map((name) => statSync(path.join(batch.out, name)).mtimeMs),
    times,
  );
  t.deepEqual(readFileSync(batch.journal), journal);
});

test.serial('a run without resume in which a model failed can be gone on with', async (t) => {
  const batch = setUpBatch(t);
  const bad = inModels(batch, 'bad.onnx');
  writeFileSync(bad, 'bad');
  t.deepEqual((await runBatch(batch)).notes, []);
  // What failed is tried again; the rest is finished.
  for (let round = 0; round < 2; round++) {
    const { lines } = await runBatch(batch, { resume: true });
    t.deepEqual(lines, [...ALL_RESUMED.slice(0, 2), 'bad failed', ...ALL_RESUMED.slice(2)]);
  }
  writeFileSync(bad, convBnModel({ seed: 9 }));
  t.true((await runBatch(batch, { resume: true })).lines.includes('bad fused'));
  const { notes, lines } = await runBatch(batch);
  t.regex(notes[0]!, /\.convfuse-journal\.jsonl is from an earlier run, which --resume/);
  t.is(lines[0], 'a failed');
});

test.serial('a run without resume that needs no second one leaves models alone', async (t) => {
  const batch = setUpBatch(t);
  const { reports } = await runBatch(batch);
  t.true(reports.every(({ status }) => status !== 'failed'));
  t.false(existsSync(batch.journal));
});

test.serial('a model that is not there is one that failed', async (t) => {
  const batch = setUpBatch(t);
  const [a, r] = [inModels(batch, 'a.onnx'), inModels(batch, 'r.onnx')];
  await runBatch(batch, {}, [a, inModels(batch, 'missing.onnx'), r]);
  const { lines } = await runBatch(batch, { resume: true }, [a, r]);
  t.deepEqual(lines, ['a fused resumed', 'r unchanged resumed']);
});

test.serial('what other runs wrote down stays when one forgets its own', async (t) => {
  const batch = setUpBatch(t);
  await runBatch(batch, { resume: true }, [inModels(batch, 'b.onnx')]);
  const before = readFileSync(batch.journal, 'utf8');
  await runBatch(batch, {}, [inModels(batch, 'a.onnx'), inModels(batch, 'r.onnx')]);
  t.is(readFileSync(batch.journal, 'utf8'), before);
});

test.serial('runs that replace each other do not make the journal longer and longer', async (t) => {
  const batch = setUpBatch(t);
  const some = ['a', 'bad', 'r'].map((name) => inModels(batch, `${name}.onnx`));
  await runBatch(batch, { resume: true }, [inModels(batch, 'b.onnx'), inModels(batch, 'e.onnx')]);
  writeFileSync(inModels(batch, 'bad.onnx'), 'bad');
  const sizes: number[] = [];
  for (let round = 0; round < 8; round++) {
    t.deepEqual((await runBatch(batch, { force: true }, some)).notes, []);
    sizes.push(readFileSync(batch.journal, 'utf8').split('\n').length - 1);
  }
  t.deepEqual(sizes, [4, 6, 8, 4, 6, 8, 4, 6]);
  const { lines } = await runBatch(batch, { resume: true });
  t.deepEqual(lines, [...ALL_RESUMED.slice(0, 2), 'bad failed', ...ALL_RESUMED.slice(2)]);
});

test.serial('a run that is broken off can be gone on with', async (t) => {
  const batch = setUpBatch(t);
  for await (const report of fuseModels([batch.models], { outDir: batch.out, jobs: 1 })) {
    t.is(path.basename(report.input), 'a.onnx');
    break;
  }
  const { lines } = await runBatch(batch, { resume: true });
  t.is(lines[0], 'a fused resumed');
  t.false(lines.at(-1)!.includes('resumed'));
});

test.serial(
  'a record of what was never written does not disown what an earlier record speaks of',
  async (t) => {
    const batch = setUpBatch(t);
    await runBatch(batch, { resume: true });
    // A run with other options that was killed after its record, before its output.
    const line = readFileSync(batch.journal, 'utf8')
      .split('\n')
      .find((one) => one.includes('"key":"a.fused.onnx"'))!;
    const { record } = JSON.parse(line) as { record: ReturnType<typeof sampleRecord> };
    const options = 'e'.repeat(64);
    const output = { sha256: 'f'.repeat(64), data: [] };
    appendFileSync(batch.journal, encodeRecord({ ...record, options, output }));
    t.deepEqual((await runBatch(batch, { resume: true })).lines, ALL_RESUMED);
    const other = await runBatch(batch, { resume: true, verify: { runs: 1 } });
    t.is(other.lines[0], 'a fused', other.reports[0]?.error?.message);
  },
);

test.serial(
  'beside the inputs, each folder has a journal, and what is unchanged is not written',
  async (t) => {
    const batch = setUpBatch(t);
    const sub = path.join(batch.models, 'sub');
    mkdirSync(sub);
    copyFileSync(inModels(batch, 'b.onnx'), path.join(sub, 'c.onnx'));
    const beside = async (): Promise<Outcome> => {
      const reports: FileReport[] = [];
      for await (const report of fuseModels([batch.models], { resume: true })) reports.push(report);
      reports.sort((a, b) => (a.input < b.input ? -1 : 1));
      const lines = reports.map(({ status, resumed = false }) => `${status} ${resumed}`);
      return { reports, notes: [], lines };
    };
    const first = await beside();
    const second = await beside();
    t.deepEqual(
      second.lines,
      first.lines.map((line) => line.replace('false', 'true')),
    );
    t.deepEqual(comparable(second.reports), comparable(first.reports));
    t.deepEqual(
      listing(batch.models).filter((name) => name.endsWith(JOURNAL_NAME)),
      [JOURNAL_NAME, path.join('sub', JOURNAL_NAME)],
    );
    t.false(existsSync(inModels(batch, 'r.fused.onnx')));
    // In an output folder it is written, so what was not written is not finished there.
    const copies = await runBatch(batch, { resume: true, outDir: batch.models }, [
      inModels(batch, 'r.onnx'),
    ]);
    t.deepEqual(copies.lines, ['r unchanged']);
    t.true(existsSync(inModels(batch, 'r.fused.onnx')));
  },
);

test.serial('folders may move, with their journal', async (t) => {
  const batch = setUpBatch(t);
  await runBatch(batch, { resume: true });
  const moved = {
    ...batch,
    models: path.join(batch.folder, 'm2'),
    out: path.join(batch.folder, 'o2'),
  };
  renameSync(batch.models, moved.models);
  renameSync(batch.out, moved.out);
  const { lines, reports } = await runBatch(moved, { resume: true });
  t.deepEqual(lines, ALL_RESUMED);
  t.is(reports[0]?.input, path.join(moved.models, 'a.onnx'));
  t.is(reports[0]?.output, path.join(moved.out, 'a.fused.onnx'));
});

const HOSTILE: readonly (readonly [string, (file: string) => void, RegExp | undefined])[] = [
  ['a link', (file) => symlinkSync('/etc/passwd', file), /ELOOP.*: nothing is taken over from it/],
  ['a folder', (file) => mkdirSync(file), /not a plain file|EISDIR/],
  [
    'huge',
    (file) => {
      writeFileSync(file, '');
      truncateSync(file, MAX_JOURNAL_BYTES * 4);
    },
    /exceeds the limit/,
  ],
  [
    'other JSON',
    (file) => writeFileSync(file, '{"models": [], "__proto__": {"x": 1}}\n[]\n'),
    undefined,
  ],
  ['no text', (file) => writeFileSync(file, Buffer.alloc(5000, 0xff)), undefined],
  [
    'records of elsewhere',
    (file) => writeFileSync(file, encodeRecord(sampleRecord('../a'))),
    undefined,
  ],
];

for (const [what, make, note] of HOSTILE) {
  test.serial(`a journal that is ${what} vouches for nothing, and does no harm`, async (t) => {
    const batch = setUpBatch(t);
    mkdirSync(batch.out);
    make(batch.journal);
    const { lines, notes } = await runBatch(batch, { resume: true });
    t.deepEqual(lines, ['a fused', 'b fused', 'e unchanged', 'r unchanged']);
    if (note === undefined) t.deepEqual(notes, []);
    else t.regex(notes.join('\n'), note);
    t.true(notes.length < 2, 'said once');
    t.is(({} as { x?: number }).x, undefined);
    const second = await runBatch(batch, { resume: true });
    const expected = note === undefined ? ALL_RESUMED[0]! : 'a failed';
    t.is(second.lines[0], expected);
  });
}

test.serial('what cannot be resumed is refused before any work', async (t) => {
  const batch = setUpBatch(t);
  const file = inModels(batch, 'a.onnx');
  for (const options of [
    { output: path.join(batch.folder, 'x.onnx') },
    { inPlace: true, outDir: undefined },
    { dryRun: true },
    { rules: [rules[0]!] },
    { resume: 'yes' },
  ]) {
    const wrong = { resume: true, ...options } as FuseModelsOptions;
    await t.throwsAsync(
      runBatch(batch, wrong, [file]),
      { code: 'ERR_ARGUMENT' },
      JSON.stringify(options),
    );
  }
  t.deepEqual(
    listing(batch.folder).filter((name) => name.includes('fused')),
    [],
  );
});

test.serial('of one model, in place and on trial no journal is kept', async (t) => {
  const batch = setUpBatch(t);
  await runBatch(batch, {}, [inModels(batch, 'a.onnx')]);
  await runBatch(batch, { dryRun: true });
  t.deepEqual(listing(batch.out), ['a.fused.onnx']);
  for await (const report of fuseModels([batch.models], { inPlace: true })) {
    t.not(report.status, 'failed', report.error?.message);
  }
  t.false(existsSync(inModels(batch, JOURNAL_NAME)));
});
