import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import test, { type ExecutionContext } from 'ava';

import { sha256, type FileContent } from '#convfuse/api/content.js';
import { loadModel } from '#convfuse/api/load.js';
import { saveAnnounced, saveModel } from '#convfuse/api/save.js';
import { cloneModel } from '#convfuse/ir/clone.js';
import type { Model } from '#convfuse/ir/model.js';

import { externalModel } from '../helpers/external-model.js';
import { CONV_RELU, fuseLike } from '../helpers/fused-pair.js';
import { modelBytes } from '../helpers/model-builder.js';
import { tempFolder } from '../helpers/temp-folder.js';

interface Bench {
  readonly folder: string;
  readonly input: string;
  readonly output: string;
  readonly source: Model;
  readonly fused: Model;
}

async function setUp(t: ExecutionContext): Promise<Bench> {
  const folder = tempFolder(t);
  const input = path.join(folder, 'm.onnx');
  writeFileSync(input, modelBytes(CONV_RELU));
  const source = await loadModel(input);
  const fused = cloneModel(source);
  fuseLike(fused);
  return { folder, input, output: path.join(folder, 'out.onnx'), source, fused };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('an unchanged model is copied byte for byte', async (t) => {
  const { source, input, output } = await setUp(t);
  const saved = await saveModel(source, output);
  t.deepEqual(readFileSync(output), readFileSync(input));
  t.deepEqual(saved, { path: output, dataPath: undefined, bytes: statSync(input).size });
});

test('a changed model is read back as such, and leaves nothing else behind', async (t) => {
  const { fused, folder, output } = await setUp(t);
  await saveModel(fused, output);
  t.is((await loadModel(output)).graph.nodeCount, 1);
  t.deepEqual(readdirSync(folder).sort(), ['m.onnx', 'out.onnx']);
  t.is(lstatSync(output).nlink, 1);
});

test('an existing output stays, unless force', async (t) => {
  const { fused, folder, output } = await setUp(t);
  writeFileSync(output, 'precious');
  t.is(await codeOf(saveModel(fused, output)), 'ERR_OUTPUT');
  t.is(readFileSync(output, 'utf8'), 'precious');
  t.is(await codeOf(saveModel(fused, output, { inPlace: true })), 'ERR_OUTPUT');
  await saveModel(fused, output, { force: true });
  t.is((await loadModel(output)).graph.nodeCount, 1);
  t.deepEqual(readdirSync(folder).sort(), ['m.onnx', 'out.onnx']);
});

test('the input itself is replaced only in place', async (t) => {
  const { fused, folder, input } = await setUp(t);
  t.is(await codeOf(saveModel(fused, input)), 'ERR_OUTPUT');
  t.is(await codeOf(saveModel(fused, input, { force: true })), 'ERR_OUTPUT');
  linkSync(input, path.join(folder, 'same.onnx'));
  t.is(
    await codeOf(saveModel(fused, path.join(folder, 'same.onnx'), { force: true })),
    'ERR_OUTPUT',
  );
  await saveModel(fused, input, { inPlace: true });
  t.is((await loadModel(input)).graph.nodeCount, 1);
});

test('links and what is no plain file are never written through', async (t) => {
  const { fused, folder, input } = await setUp(t);
  const victim = path.join(folder, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync('victim', path.join(folder, 'link'));
  symlinkSync('nowhere', path.join(folder, 'dangling'));
  symlinkSync('m.onnx', path.join(folder, 'to-input'));
  mkdirSync(path.join(folder, 'folder'));
  for (const name of ['link', 'dangling', 'to-input', 'folder']) {
    const options = { force: true, inPlace: true };
    t.is(await codeOf(saveModel(fused, path.join(folder, name), options)), 'ERR_OUTPUT', name);
  }
  t.is(await codeOf(saveModel(fused, '/dev/null', { force: true })), 'ERR_OUTPUT');
  t.is(readFileSync(victim, 'utf8'), 'precious');
  t.deepEqual(readFileSync(input), Buffer.from(modelBytes(CONV_RELU)));
  t.false(readdirSync(folder).includes('nowhere'));
});

test('replacing a hard link leaves its other name alone', async (t) => {
  const { fused, folder, output } = await setUp(t);
  const other = path.join(folder, 'other');
  writeFileSync(other, 'precious');
  linkSync(other, output);
  await saveModel(fused, output, { force: true });
  t.is(readFileSync(other, 'utf8'), 'precious');
});

test('a folder that is not there is an error before any work', async (t) => {
  const { fused, folder } = await setUp(t);
  const error = await t.throwsAsync(saveModel(fused, path.join(folder, 'no', 'out.onnx')));
  t.like(error, { code: 'ERR_IO', cause: { code: 'ENOENT' } });
  t.is(await codeOf(saveModel(fused, '')), 'ERR_ARGUMENT');
  t.is(await codeOf(saveModel(fused, 3 as never)), 'ERR_ARGUMENT');
});

test('permissions are those of what is replaced, or no wider than the source’s', async (t) => {
  if (process.platform === 'win32') {
    t.pass();
    return;
  }
  const { fused, input, output } = await setUp(t);
  const mode = (): number => statSync(output).mode & 0o777;
  chmodSync(input, 0o600);
  await saveModel(fused, output);
  t.is(mode(), 0o600);
  chmodSync(output, 0o640);
  await saveModel(fused, output, { force: true });
  t.is(mode(), 0o640);
});

test('of many that write one name, one wins', async (t) => {
  const { fused, folder, output } = await setUp(t);
  for (let round = 0; round < 20; round++) {
    const target = path.join(folder, `race-${round}.onnx`);
    const codes = await Promise.all(
      Array.from({ length: 4 }, () => codeOf(saveModel(fused, target))),
    );
    t.deepEqual(codes.sort(), ['ERR_OUTPUT', 'ERR_OUTPUT', 'ERR_OUTPUT', 'none']);
  }
  t.false(
    readdirSync(folder).some((name) => name.endsWith('.tmp')),
    output,
  );
});

test('external data moves to one new file beside the output', async (t) => {
  const folder = tempFolder(t);
  const { bytes, data, weights } = externalModel();
  writeFileSync(path.join(folder, 'm.onnx'), bytes);
  writeFileSync(path.join(folder, 'w.bin'), data);
  mkdirSync(path.join(folder, 'out'));
  const output = path.join(folder, 'out', 'f.onnx');
  const source = await loadModel(path.join(folder, 'm.onnx'));
  const saved = await saveModel(source, output);
  t.regex(path.basename(saved.dataPath!), /^f\.onnx\.[0-9a-f]{32}\.data$/);
  t.deepEqual(readdirSync(path.join(folder, 'out')).sort(), [
    'f.onnx',
    path.basename(saved.dataPath!),
  ]);
  // v follows w on the next page; twin shares the bytes of w.
  t.is(statSync(saved.dataPath!).size, 12288 + 1024);
  const again = await loadModel(output);
  for (const [name, values] of Object.entries(weights)) {
    t.deepEqual(again.graph.values.get(name)!.initializer!.read().data, values, name);
  }
  t.true(readFileSync(output).includes('x-note'));
  t.deepEqual(new Uint8Array(readFileSync(path.join(folder, 'w.bin'))), data);
});

/** Writes m.onnx and its data file, w.bin. @returns the bytes of the model */
function writeExternal(folder: string): Uint8Array {
  const { bytes, data } = externalModel();
  writeFileSync(path.join(folder, 'm.onnx'), bytes);
  writeFileSync(path.join(folder, 'w.bin'), data);
  return bytes;
}

test('an unchanged model in its own folder keeps its data file', async (t) => {
  const folder = tempFolder(t);
  const bytes = writeExternal(folder);
  const source = await loadModel(path.join(folder, 'm.onnx'));
  const saved = await saveModel(source, path.join(folder, 'copy.onnx'));
  t.is(saved.dataPath, undefined);
  t.deepEqual(new Uint8Array(readFileSync(path.join(folder, 'copy.onnx'))), bytes);
});

test('a failed save takes its data file away again', async (t) => {
  const folder = tempFolder(t);
  writeExternal(folder);
  mkdirSync(path.join(folder, 'out'));
  const source = await loadModel(path.join(folder, 'm.onnx'));
  truncateSync(path.join(folder, 'w.bin'), 100);
  const output = path.join(folder, 'out', 'f.onnx');
  t.is(await codeOf(saveModel(source, output)), 'ERR_EXTERNAL_DATA');
  t.deepEqual(readdirSync(path.join(folder, 'out')), []);
});

test('who loses the race for a name leaves the data file to who won it', async (t) => {
  const folder = tempFolder(t);
  writeExternal(folder);
  mkdirSync(path.join(folder, 'out'));
  const source = await loadModel(path.join(folder, 'm.onnx'));
  const output = path.join(folder, 'out', 'f.onnx');
  const late = saveAnnounced(source, output, {}, async () => {
    await saveModel(source, output);
  });
  t.is(await codeOf(late), 'ERR_OUTPUT');
  const again = await loadModel(output);
  t.deepEqual(again.graph.values.get('w')!.initializer!.read().type, 'float32');
});

test('a save says what it will write before it does, and does not when it is told no', async (t) => {
  const { fused, folder, output } = await setUp(t);
  let said: FileContent | undefined;
  await saveAnnounced(fused, output, {}, async (content) => {
    said = content;
    t.false(existsSync(output));
  });
  t.deepEqual(said, { sha256: sha256([readFileSync(output)]), data: [] });
  const other = path.join(folder, 'other.onnx');
  const reason = new Error('no');
  t.is(await t.throwsAsync(saveAnnounced(fused, other, {}, () => Promise.reject(reason))), reason);
  t.false(existsSync(other));
});

test('an aborted save changes nothing', async (t) => {
  const { fused, folder, output } = await setUp(t);
  const abort = new AbortController();
  const reason = new Error('enough');
  const saving = saveModel(fused, output, { signal: abort.signal });
  abort.abort(reason);
  t.is(await t.throwsAsync(saving), reason);
  t.deepEqual(readdirSync(folder), ['m.onnx']);
});

test('killed at any time, the output is absent or whole', async (t) => {
  const { input, folder, output } = await setUp(t);
  const lib = (name: string): string => pathToFileURL(path.resolve(`dist/api/${name}.js`)).href;
  const script =
    `const { loadModel } = await import('${lib('load')}');` +
    `const { saveModel } = await import('${lib('save')}');` +
    `const model = await loadModel(process.argv[1]);` +
    `for (;;) { await saveModel(model, process.argv[2], { force: true }); process.stdout.write('.'); }`;
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, input, output], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const closed = new Promise((resolve) => child.once('close', resolve));
    setTimeout(() => child.kill('SIGKILL'), 7 * round);
    await closed;
    t.deepEqual(readFileSync(output), readFileSync(input));
  }
  const stray = readdirSync(folder).filter((name) => !name.endsWith('.onnx'));
  for (const name of stray) t.regex(name, /^\.convfuse-\d+-[0-9a-f]{16}\.tmp$/);
});
