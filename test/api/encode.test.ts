import { writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { encodeModel } from '#convfuse/api/encode.js';
import { loadModel } from '#convfuse/api/load.js';

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
