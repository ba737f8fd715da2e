import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import test from 'ava';

import { findModels } from '#convfuse/batch/find-models.js';

function folder(t: { teardown(fn: () => void): void }): string {
  const root = mkdtempSync(path.join(tmpdir(), 'convfuse-find-'));
  t.teardown(() => {
    rmSync(root, { recursive: true });
  });
  return root;
}

function touch(...parts: string[]): string {
  const file = path.join(...parts);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '');
  return file;
}

test('walks folders in a stable order and leaves other files alone', async (t) => {
  const root = folder(t);
  touch(root, 'b.onnx');
  touch(root, 'a', 'z.ONNX');
  touch(root, 'notes.txt');
  touch(root, '-rf.onnx');
  touch(root, 'line\nend.onnx');
  const { models, notes } = await findModels([root]);
  t.deepEqual(
    models.map(({ relative }) => relative),
    ['-rf.onnx', 'b.onnx', 'line\nend.onnx', path.join('a', 'z.ONNX')],
  );
  t.deepEqual(notes, []);
});

test('takes file arguments as they are, whether or not they exist', async (t) => {
  const root = folder(t);
  const file = touch(root, 'model.bin');
  const missing = path.join(root, 'missing.onnx');
  const { models } = await findModels([missing, file]);
  t.deepEqual(models, [
    { path: missing, relative: 'missing.onnx' },
    { path: file, relative: 'model.bin' },
  ]);
});

test('never follows a link out of the folder or round in a circle', async (t) => {
  const root = folder(t);
  const outside = folder(t);
  const secret = touch(outside, 'secret.onnx');
  touch(root, 'inside.onnx');
  symlinkSync(root, path.join(root, 'loop'));
  symlinkSync(outside, path.join(root, 'elsewhere'));
  symlinkSync(secret, path.join(root, 'link.onnx'));
  const { models, notes } = await findModels([root]);
  t.deepEqual(
    models.map(({ relative }) => relative),
    ['inside.onnx'],
  );
  t.deepEqual(notes, [`passed over, a link: ${path.join(root, 'link.onnx')}`]);
});

test('passes over fused copies beside their originals, and only those', async (t) => {
  const root = folder(t);
  touch(root, 'a.onnx');
  touch(root, 'a.fused.onnx');
  touch(root, 'b.fused.onnx');
  const { models, notes } = await findModels([root]);
  t.deepEqual(
    models.map(({ relative }) => relative),
    ['a.onnx', 'b.fused.onnx'],
  );
  t.is(notes.length, 1);
});

test('lists a file once, however often it is named', async (t) => {
  const root = folder(t);
  const file = touch(root, 'a.onnx');
  const { models } = await findModels([file, root, path.join(root, '.', 'a.onnx')]);
  t.deepEqual(models, [{ path: file, relative: 'a.onnx' }]);
});

test('reports a file whose name is not UTF-8', async (t) => {
  const root = folder(t);
  writeFileSync(
    Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.of(0xff), Buffer.from('.onnx')]),
    '',
  );
  const { models } = await findModels([root]);
  t.is(models.length, 1);
  t.is(models[0]?.error?.code, 'ERR_IO');
});
