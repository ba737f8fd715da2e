import { spawnSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { loadModel } from '#convfuse/api/load.js';

import { modelBytes, node, tensor, type ModelSpec } from '../helpers/model-builder.js';
import { tempFolder } from '../helpers/temp-folder.js';

const RELU: ModelSpec = { inputs: ['x'], outputs: ['y'], nodes: [node('Relu', ['x'], ['y'])] };

async function codeOf(source: unknown): Promise<string> {
  try {
    await loadModel(source as string);
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('a model is loaded from a path and from bytes', async (t) => {
  const file = path.join(tempFolder(t), 'm.onnx');
  writeFileSync(file, modelBytes(RELU));
  t.is((await loadModel(file)).graph.nodeCount, 1);
  t.is((await loadModel(modelBytes(RELU))).graph.nodeCount, 1);
  t.is((await loadModel(Buffer.from(modelBytes(RELU)))).graph.nodeCount, 1);
});

test('a link to a model is as good as the model', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(path.join(folder, 'm.onnx'), modelBytes(RELU));
  symlinkSync('m.onnx', path.join(folder, 'link.onnx'));
  t.is(await codeOf(path.join(folder, 'link.onnx')), 'none');
});

test('what cannot be read is an error of its own', async (t) => {
  const folder = tempFolder(t);
  const missing = path.join(folder, 'missing.onnx');
  const error = await t.throwsAsync(loadModel(missing), { message: /missing\.onnx: ENOENT/ });
  t.like(error, { code: 'ERR_IO', cause: { code: 'ENOENT' } });
  t.is(await codeOf(folder), 'ERR_IO');
  if (process.platform !== 'win32') {
    const fifo = path.join(folder, 'fifo');
    spawnSync('mkfifo', [fifo]);
    t.is(await codeOf(fifo), 'ERR_IO');
  }
});

test('a file past 2 GiB is refused before it is read', async (t) => {
  const file = path.join(tempFolder(t), 'm.onnx');
  writeFileSync(file, '');
  truncateSync(file, 2 ** 31);
  const error = await t.throwsAsync(loadModel(file), { message: /external data/ });
  t.like(error, { code: 'ERR_LIMIT' });
});

test('anything else is a wrong argument', async (t) => {
  for (const source of [undefined, null, 3, {}, [1], new SharedArrayBuffer(4)]) {
    t.is(await codeOf(source), 'ERR_ARGUMENT');
  }
  t.is(await codeOf(new Uint8Array(new SharedArrayBuffer(4))), 'ERR_ARGUMENT');
});

test('operators used against their definition are refused', async (t) => {
  const nodes = [node('Conv', ['x', 'w'], ['y'], { strides: [0, 1] })];
  const initializers = [tensor('w', [1, 1, 1, 1], [1])];
  t.is(await codeOf(modelBytes({ ...RELU, nodes, initializers })), 'ERR_MODEL');
});
