import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import test, { type ExecutionContext } from 'ava';

import {
  contentOf,
  inputDifference,
  outputDataDiffers,
  outputHash,
  sha256,
  type FileContent,
} from '#convfuse/api/content.js';
import { loadModel } from '#convfuse/api/load.js';
import { saveAnnounced } from '#convfuse/api/save.js';
import { externalModel } from '../helpers/external-model.js';
import { tempFolder } from '../helpers/temp-folder.js';

function setUp(t: ExecutionContext): string {
  const folder = tempFolder(t);
  const { bytes, data } = externalModel();
  writeFileSync(path.join(folder, 'm.onnx'), bytes);
  writeFileSync(path.join(folder, 'w.bin'), data);
  return path.join(folder, 'm.onnx');
}

test('a model is known by its bytes and those of its data files', async (t) => {
  const file = setUp(t);
  const content = contentOf(await loadModel(file));
  const data = path.join(path.dirname(file), 'w.bin');
  t.deepEqual(content, {
    sha256: sha256([readFileSync(file)]),
    data: [{ name: 'w.bin', sha256: sha256([readFileSync(data)]) }],
  });
  t.is(await inputDifference(file, content, {}), undefined);
  const bytes = readFileSync(data);
  bytes[5]! ^= 1;
  writeFileSync(data, bytes);
  t.is(await inputDifference(file, content, {}), 'data');
  writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.of(0)]));
  t.is(await inputDifference(file, content, {}), 'model');
});

test('a data file that changes after loading is not taken for what was loaded', async (t) => {
  const file = setUp(t);
  const model = await loadModel(file);
  writeFileSync(path.join(path.dirname(file), 'w.bin'), new Uint8Array(20000));
  t.throws(() => contentOf(model), { code: 'ERR_EXTERNAL_DATA' });
});

test('data files out of the folder are not looked at', async (t) => {
  const file = setUp(t);
  const { sha256: own } = contentOf(await loadModel(file));
  const outside = path.join(path.dirname(file), '..', 'outside.bin');
  const empty = sha256([]);
  for (const name of ['../outside.bin', outside, 'link.bin', '/dev/null']) {
    if (name === 'link.bin') symlinkSync('w.bin', path.join(path.dirname(file), name));
    const known: FileContent = { sha256: own, data: [{ name, sha256: empty }] };
    t.is(await inputDifference(file, known, {}), 'data', name);
    t.true(await outputDataDiffers(file, known), name);
  }
});

test('the data file of an output has one name and one content', async (t) => {
  const file = setUp(t);
  const out = path.join(path.dirname(file), 'out');
  mkdirSync(out);
  const output = path.join(out, 'f.onnx');
  let known: FileContent | undefined;
  await saveAnnounced(await loadModel(file), output, {}, async (content) => {
    known = content;
  });
  t.is(await outputHash(output), known!.sha256);
  t.is(known!.data.length, 1);
  t.false(await outputDataDiffers(output, known!));
  writeFileSync(path.join(out, known!.data[0]!.name), 'other');
  t.true(await outputDataDiffers(output, known!));
});

test('what is no plain file has no hash, and is not waited for', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(path.join(folder, 'a'), 'a');
  symlinkSync('a', path.join(folder, 'link'));
  t.is(await outputHash(path.join(folder, 'a')), sha256([Buffer.from('a')]));
  t.is(await outputHash(path.join(folder, 'link')), undefined);
  t.is(await outputHash(folder), undefined);
  t.is(await outputHash(path.join(folder, 'none')), undefined);
  if (process.platform === 'win32') return;
  execFileSync('mkfifo', [path.join(folder, 'fifo')]);
  t.is(await outputHash(path.join(folder, 'fifo')), undefined);
});
