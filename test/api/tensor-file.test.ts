import { execFileSync } from 'node:child_process';
import { linkSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { toBinary } from '@bufbuild/protobuf';
import test from 'ava';

import { loadTensor, saveTensor } from '#convfuse/api/tensor-file.js';
import { TensorProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { formatNpy } from '#convfuse/tensor/npy.js';
import { temporaryFolder } from '../helpers/cli.js';
import { tensor } from '../helpers/model-builder.js';

const array = { type: 'float32', data: Float32Array.of(1, -2, 0.5, 4), dims: [2, 2] } as const;

test('a tensor survives a .npy file', async (t) => {
  const file = path.join(temporaryFolder(t), 'x.npy');
  await saveTensor(array, file);
  t.deepEqual(await loadTensor(file), array);
});

test('an existing file is kept unless forced', async (t) => {
  const file = path.join(temporaryFolder(t), 'x.npy');
  writeFileSync(file, 'mine');
  await t.throwsAsync(saveTensor(array, file), { code: 'ERR_OUTPUT' });
  t.is(readFileSync(file, 'utf8'), 'mine');
  await saveTensor(array, file, { force: true });
  t.deepEqual(readFileSync(file), Buffer.from(formatNpy(array)));
});

test('a link is not written through, and nothing but a plain file is replaced', async (t) => {
  const folder = temporaryFolder(t);
  const mine = path.join(folder, 'mine');
  writeFileSync(mine, 'mine');
  const link = path.join(folder, 'link.npy');
  symlinkSync(mine, link);
  for (const file of [link, folder]) {
    await t.throwsAsync(saveTensor(array, file, { force: true }), { code: 'ERR_OUTPUT' });
  }
  t.is(readFileSync(mine, 'utf8'), 'mine');
  t.deepEqual(readdirSync(folder).sort(), ['link.npy', 'mine']);
});

test('what is replaced is not written into: a reader has the old one or the new one', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'x.npy');
  writeFileSync(file, 'old');
  const before = statSync(file).ino;
  linkSync(file, path.join(folder, 'other'));
  await saveTensor(array, file, { force: true });
  t.not(statSync(file).ino, before);
  t.is(readFileSync(path.join(folder, 'other'), 'utf8'), 'old');
});

test('wrong arguments are refused', async (t) => {
  const file = path.join(temporaryFolder(t), 'x.npy');
  const refused = { code: 'ERR_ARGUMENT' };
  await t.throwsAsync(saveTensor(array, ''), refused);
  await t.throwsAsync(saveTensor(array, file, { force: 'false' as unknown as boolean }), refused);
  await t.throwsAsync(saveTensor({ ...array, type: 'constructor' as 'float32' }, file), refused);
  await t.throwsAsync(loadTensor(Symbol('x') as unknown as string), refused);
});

test('a TensorProto is told apart by its bytes', async (t) => {
  const file = path.join(temporaryFolder(t), 'input_0.pb');
  writeFileSync(
    file,
    toBinary(TensorProtoSchema, tensor('x', [3], BigInt64Array.of(1n, 2n, -3n), 'int64')),
  );
  t.deepEqual(await loadTensor(file), {
    type: 'int64',
    data: BigInt64Array.of(1n, 2n, -3n),
    dims: [3],
  });
});

test('errors name the file', async (t) => {
  const folder = temporaryFolder(t);
  const missing = path.join(folder, 'missing.npy');
  await t.throwsAsync(loadTensor(missing), { code: 'ERR_IO', message: /missing\.npy: ENOENT/ });
  const cut = path.join(folder, 'cut.npy');
  writeFileSync(cut, formatNpy(array).subarray(0, 130));
  await t.throwsAsync(loadTensor(cut), { code: 'ERR_TENSOR', message: /cut\.npy: / });
  const text = path.join(folder, 'text.npy');
  writeFileSync(text, '{"not": "a tensor"}');
  await t.throwsAsync(loadTensor(text), { message: /text\.npy: / });
  await t.throwsAsync(loadTensor(folder), { code: 'ERR_IO' });
});

test('a FIFO does not block', async (t) => {
  const fifo = path.join(temporaryFolder(t), 'fifo.npy');
  execFileSync('mkfifo', [fifo]);
  await t.throwsAsync(loadTensor(fifo), { code: 'ERR_IO', message: /not a plain file/ });
});
