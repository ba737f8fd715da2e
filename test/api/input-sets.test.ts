import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { toBinary } from '@bufbuild/protobuf';
import test from 'ava';

import { loadInputSets } from '#convfuse/api/input-sets.js';
import { parseText } from '#convfuse/ir/text.js';
import { TensorProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { formatNpy } from '#convfuse/tensor/npy.js';
import { temporaryFolder } from '../helpers/cli.js';
import { tensor } from '../helpers/model-builder.js';
import { tensorOf } from '../helpers/run-text.js';

const ONE = parseText('x: input float[1]\ny = Relu(x)');
const TWO = parseText('a: input float[1]\nb: input float[1]\ny = Add(a, b)');

function write(folder: string, file: string, value: number): void {
  const target = path.join(folder, file);
  mkdirSync(path.dirname(target), { recursive: true });
  const proto = tensor('', [1], Float32Array.of(value));
  const bytes = file.endsWith('.pb')
    ? toBinary(TensorProtoSchema, proto)
    : formatNpy(tensorOf([1], [value]));
  writeFileSync(target, bytes);
}

async function load(folder: string, model: typeof ONE): Promise<Record<string, number>[]> {
  const sets = await loadInputSets(folder, model);
  return sets.map((set) =>
    Object.fromEntries(Object.entries(set).map(([name, { data }]) => [name, Number(data[0])])),
  );
}

test('for one input, each file is a set, in the order of numbers in names', async (t) => {
  const folder = temporaryFolder(t);
  write(folder, 'image10.npy', 10);
  write(folder, 'image9.npy', 9);
  write(folder, 'output_0.npy', 1);
  write(folder, 'notes.txt', 2);
  write(folder, 'more/input_0.pb', 11);
  t.deepEqual(await load(folder, ONE), [{ x: 9 }, { x: 10 }, { x: 11 }]);
});

test('for several inputs, each folder is a set: by name, or by number as in ONNX test data', async (t) => {
  const folder = temporaryFolder(t);
  write(folder, 'test_data_set_0/input_0.pb', 1);
  write(folder, 'test_data_set_0/input_1.pb', 2);
  write(folder, 'test_data_set_0/output_0.pb', 3);
  write(folder, 'test_data_set_1/b.npy', 4);
  write(folder, 'test_data_set_1/a.npy', 5);
  t.deepEqual(await load(folder, TWO), [
    { a: 1, b: 2 },
    { a: 5, b: 4 },
  ]);
});

test('nothing there, or not all of a set, is an error', async (t) => {
  const folder = temporaryFolder(t);
  await t.throwsAsync(load(folder, ONE), { code: 'ERR_IO', message: /no \.npy or \.pb/ });
  await t.throwsAsync(load(path.join(folder, 'none'), ONE), { code: 'ERR_IO', message: /ENOENT/ });
  write(folder, 'a.npy', 1);
  await t.throwsAsync(load(folder, TWO), { code: 'ERR_IO', message: /no file for the input b/ });
  writeFileSync(path.join(folder, 'b.npy'), 'broken');
  await t.throwsAsync(load(folder, TWO), { code: 'ERR_PARSE', message: /b\.npy/ });
});
