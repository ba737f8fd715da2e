import { writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { encodeModel } from '#convfuse/api/encode.js';
import { loadModel } from '#convfuse/api/load.js';
import { cloneModel } from '#convfuse/ir/clone.js';
import { Editor } from '#convfuse/ir/editor.js';

import { externalModel } from '../helpers/external-model.js';
import { CONV_RELU, fuseLike } from '../helpers/fused-pair.js';
import { modelBytes } from '../helpers/model-builder.js';
import { tempFolder } from '../helpers/temp-folder.js';

test('an unchanged model is its bytes, in a copy', async (t) => {
  const bytes = modelBytes(CONV_RELU);
  const encoded = encodeModel(await loadModel(bytes));
  t.deepEqual(encoded, bytes);
  t.not(encoded.buffer, bytes.buffer);
});

test('a changed model is read back as such', async (t) => {
  const model = await loadModel(modelBytes(CONV_RELU));
  fuseLike(model);
  const again = await loadModel(encodeModel(model));
  t.is(again.graph.nodeCount, 1);
  t.deepEqual([...again.graph.first!.input(1).initializer!.read().data], [3]);
});

test('a model is encoded anew after an edit, and no two calls share bytes', async (t) => {
  const model = await loadModel(modelBytes(CONV_RELU));
  const before = encodeModel(model);
  fuseLike(model);
  const fused = encodeModel(model);
  t.notDeepEqual(fused, before);
  const same = encodeModel(model);
  t.deepEqual(same, fused);
  t.not(same.buffer, fused.buffer);
  const [first] = model.graph.nodes();
  new Editor(model).setAttribute(first!, { name: 'group', kind: 'int', value: 1 });
  t.notDeepEqual(encodeModel(model), fused);
});

test('a copy of a fused model is written with its edits', async (t) => {
  const model = await loadModel(modelBytes(CONV_RELU));
  fuseLike(model);
  t.deepEqual(encodeModel(cloneModel(model)), encodeModel(model));
});

test('external data comes into the file', async (t) => {
  const folder = tempFolder(t);
  const { bytes, weights, data } = externalModel();
  writeFileSync(path.join(folder, 'm.onnx'), bytes);
  writeFileSync(path.join(folder, 'w.bin'), data);
  const model = await loadModel(path.join(folder, 'm.onnx'));
  const again = await loadModel(encodeModel(model));
  for (const [name, values] of Object.entries(weights)) {
    t.deepEqual(again.graph.values.get(name)!.initializer!.read().data, values, name);
  }
});
