import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import test, { type ExecutionContext } from 'ava';

import {
  defineRule,
  fuseModels,
  InferenceSession,
  type FileReport,
  type FuseModelsOptions,
} from '#convfuse/index.js';
import { listing, temporaryFolder } from '../helpers/cli.js';
import { convBnModel, reluModel } from '../helpers/small-models.js';

function setUp(t: ExecutionContext, files: Readonly<Record<string, Uint8Array>>): string {
  const folder = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(folder, name), bytes);
  return folder;
}

async function all(paths: readonly string[], options?: FuseModelsOptions): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  for await (const report of fuseModels(paths, options)) reports.push(report);
  return reports.sort((a, b) => (a.input < b.input ? -1 : 1));
}

test('a folder becomes a folder; the same bytes for any number of jobs', async (t) => {
  const files = Object.fromEntries(
    [1, 2, 3, 4, 5].map((seed) => [`m${seed}.onnx`, convBnModel({ seed })]),
  );
  const folder = setUp(t, { ...files, 'r.onnx': reluModel() });
  const outputs: Buffer[][] = [];
  for (const jobs of [1, 3]) {
    const outDir = path.join(folder, `out${jobs}`, 'deep');
    const reports = await all(
      Object.keys(files).map((name) => path.join(folder, name)),
      {
        outDir,
        jobs,
      },
    );
    t.deepEqual(
      reports.map(({ status }) => status),
      reports.map(() => 'fused'),
    );
    outputs.push(reports.map(({ output }) => readFileSync(output!)));
  }
  t.deepEqual(outputs[0], outputs[1]);
});

test('a model that takes longer than the limit fails', async (t) => {
  const folder = setUp(t, { 'a.onnx': convBnModel({ channels: 128, size: 128, blocks: 4 }) });
  const outDir = path.join(folder, 'out');
  const reports = await all([folder], { outDir, backend: 'reference', timeLimit: 2 });
  t.is(reports.length, 1);
  t.like(reports[0], { status: 'failed', error: { code: 'ERR_LIMIT' } });
  t.deepEqual(listing(folder), ['a.onnx']);
});

test('a model that takes more memory than the limit fails', async (t) => {
  if (process.platform !== 'linux') {
    t.pass();
    return;
  }
  const folder = setUp(t, { 'a.onnx': convBnModel({ channels: 128, size: 128, blocks: 4 }) });
  // Node alone takes more than this.
  const reports = await all([folder], { backend: 'reference', memoryLimit: 20 });
  t.like(reports[0], { status: 'failed', error: { code: 'ERR_LIMIT' } });
  t.regex(reports[0]?.error?.message ?? '', /20 MiB/);
  t.deepEqual(listing(folder), ['a.onnx']);
});

test('progress names every model before work begins, and its phases in order', async (t) => {
  const folder = setUp(t, { 'a.onnx': convBnModel() });
  const phases: string[] = [];
  await all([folder], { onProgress: ({ phase }) => phases.push(phase) });
  t.deepEqual([...new Set(phases)], ['queued', 'read', 'fuse', 'check', 'verify', 'write']);
});

test("a caller's own rules run in this process", async (t) => {
  const folder = setUp(t, { 'a.onnx': reluModel() });
  let looked = 0;
  const rule = defineRule({
    name: 'look-at-relu',
    level: 'basic',
    doc: 'Relu(x) = Relu(x)',
    roots: ['Relu'],
    match: () => {
      looked += 1;
      return undefined;
    },
    conditions: [],
    rewrite: () => {
      throw new Error('it never matches');
    },
    example: { before: 'y = Relu(x)', after: 'y = Relu(x)' },
  });
  const [report] = await all([folder], { rules: [rule] });
  t.is(report?.status, 'unchanged');
  t.true(looked > 0);
});

test('an abort stops the batch with its reason', async (t) => {
  const folder = setUp(t, { 'a.onnx': convBnModel({ channels: 128, size: 128, blocks: 4 }) });
  const abort = new AbortController();
  const reason = new Error('enough');
  let aborted = 0;
  await t.throwsAsync(
    all([folder], {
      backend: 'reference',
      signal: abort.signal,
      onProgress: ({ phase }) => {
        if (phase !== 'verify') return;
        aborted = performance.now();
        abort.abort(reason);
      },
    }),
    { is: reason },
  );
  // Two seconds are promised; the machine may be busy with other tests.
  t.true(performance.now() - aborted < 5000);
  t.deepEqual(listing(folder), ['a.onnx']);
  await t.throwsAsync(all([folder], { signal: AbortSignal.abort(reason) }), { is: reason });
});

test('breaking off the loop ends the workers', async (t) => {
  const folder = setUp(t, {
    'a.onnx': reluModel(),
    'b.onnx': convBnModel({ channels: 128, size: 128, blocks: 4 }),
  });
  for await (const report of fuseModels([folder], { backend: 'reference', jobs: 2 })) {
    t.is(path.basename(report.input), 'a.onnx');
    break;
  }
  t.false(existsSync(path.join(folder, 'b.fused.onnx')));
});

test('a limit beyond what timers can hold is no limit', async (t) => {
  const folder = setUp(t, { 'a.onnx': convBnModel() });
  const reports = await all([folder], { timeLimit: 2 ** 31, outDir: path.join(folder, 'out') });
  t.like(reports[0], { status: 'fused', error: undefined });
});

test('inputs to verify on may be tensors of any class, and a signal may be among its options', async (t) => {
  const folder = setUp(t, { 'a.onnx': convBnModel() });
  const file = path.join(folder, 'a.onnx');
  const session = await InferenceSession.create(file);
  const [entry] = session.inputMetadata;
  const dims = entry!.shape!.map((dim) => (typeof dim === 'number' ? dim : 1));
  const x = new ForeignTensor(dims);
  const verify = { inputs: [{ [entry!.name]: x }], signal: new AbortController().signal };
  const [report] = await all([file], { verify });
  t.like(report?.verification, { status: 'passed', runs: 1 }, report?.error?.message);
});

/** As onnxruntime-common has it: the data is not the object's own. */
class ForeignTensor {
  readonly type = 'float32';
  readonly dims: readonly number[];

  constructor(dims: readonly number[]) {
    this.dims = dims;
  }

  get data(): Float32Array {
    return new Float32Array(this.dims.reduce((a, b) => a * b, 1)).fill(0.5);
  }
}

test('wrong arguments are refused before any work', async (t) => {
  const folder = setUp(t, { 'a.onnx': convBnModel() });
  const both = { outDir: folder, inPlace: true };
  await t.throwsAsync(all([folder], both), { code: 'ERR_ARGUMENT' });
  await t.throwsAsync(all([folder], { jobs: 0 }), { code: 'ERR_ARGUMENT' });
  const wrong: unknown[] = [
    null,
    { timeLimit: NaN },
    { memoryLimit: -1 },
    { force: 'false' },
    { outDir: '' },
    { verify: { rtol: -1 } },
    { signal: 'stop' },
    { onNote: 1 },
  ];
  for (const options of wrong) {
    const work = all([folder], options as FuseModelsOptions);
    await t.throwsAsync(work, { code: 'ERR_ARGUMENT' }, JSON.stringify(options));
  }
  await t.throwsAsync(all([1 as unknown as string]), { code: 'ERR_ARGUMENT' });
  await t.throwsAsync(all('a.onnx' as unknown as string[]), { code: 'ERR_ARGUMENT' });
  t.deepEqual(listing(folder), ['a.onnx']);
});
