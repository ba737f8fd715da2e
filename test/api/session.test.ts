import { writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { InferenceSession, loadModel } from '#convfuse/index.js';
import { temporaryFolder } from '../helpers/cli.js';
import { convBnModel, reluModel } from '../helpers/small-models.js';

const x = { type: 'float32', data: Float32Array.of(-1, 2, -3, 4), dims: [1, 4] } as const;
const expected = { type: 'float32', data: Float32Array.of(0, 2, 0, 4), dims: [1, 4] } as const;

test('is made from a model, a path or bytes', async (t) => {
  const bytes = reluModel();
  const file = path.join(temporaryFolder(t), 'm.onnx');
  writeFileSync(file, bytes);
  for (const source of [await loadModel(bytes), file, bytes]) {
    const session = await InferenceSession.create(source);
    t.deepEqual(session.inputNames, ['x']);
    t.deepEqual(session.outputNames, ['y']);
    t.like((await session.run({ x }))['y'], expected);
  }
});

test('takes the arguments of onnxruntime-common', async (t) => {
  const bytes = reluModel();
  const whole = new Uint8Array(bytes).buffer;
  const wider = new Uint8Array(bytes.length + 7);
  wider.set(bytes, 4);
  const options = { executionProviders: ['cpu'], graphOptimizationLevel: 'all' };
  for (const session of [
    await InferenceSession.create(whole, options as object),
    await InferenceSession.create(wider.buffer, 4, bytes.length),
    await InferenceSession.create(wider.buffer, 4, bytes.length, { intraOpNumThreads: 1 }),
    await InferenceSession.create(whole, 0),
  ]) {
    t.like((await session.run({ x }))['y'], expected);
  }
  for (const part of [[-1], [0.5], [4, bytes.length + 4], [wider.length + 1], [0, -1]] as const) {
    const create = InferenceSession.create(wider.buffer, ...(part as readonly [number]));
    await t.throwsAsync(create, { code: 'ERR_ARGUMENT', message: /part of \d+ bytes/ });
  }
  await t.throwsAsync(InferenceSession.create(bytes, { intraOpNumThreads: -1 }), {
    code: 'ERR_ARGUMENT',
  });
});

test('fetches choose among outputs, by array or by object', async (t) => {
  const session = await InferenceSession.create(convBnModel({ exposeFirst: true }));
  const image = { type: 'float32', data: new Float32Array(144), dims: [1, 4, 6, 6] } as const;
  t.deepEqual(Object.keys(await session.run({ x: image })), ['y', 'conv_0_out']);
  t.deepEqual(Object.keys(await session.run({ x: image }, ['conv_0_out'])), ['conv_0_out']);
  t.deepEqual(Object.keys(await session.run({ x: image }, { y: null }, {})), ['y']);
  await t.throwsAsync(session.run({ x: image }, ['nope']), { code: 'ERR_ARGUMENT' });
});

test('both backends agree', async (t) => {
  const data = Float32Array.from({ length: 144 }, (_, index) => Math.sin(index));
  const image = { type: 'float32', data, dims: [1, 4, 6, 6] } as const;
  const results = [];
  for (const backend of ['auto', 'reference'] as const) {
    const session = await InferenceSession.create(convBnModel(), { backend });
    results.push((await session.run({ x: image }))['y']!.data as Float32Array);
  }
  for (const [index, value] of results[1]!.entries()) {
    t.true(Math.abs(results[0]![index]! - value) <= 1e-5, `at ${index}`);
  }
});

test('a released session runs no more, an aborted run rejects with its reason', async (t) => {
  const session = await InferenceSession.create(reluModel());
  const reason = new Error('enough');
  await t.throwsAsync(session.run({ x }, { signal: AbortSignal.abort(reason) }), { is: reason });
  await session.release();
  await t.throwsAsync(session.run({ x }), { code: 'ERR_DISPOSED' });
});

test('wrong feeds are wrong arguments', async (t) => {
  const session = await InferenceSession.create(reluModel());
  await t.throwsAsync(session.run({}), { code: 'ERR_ARGUMENT' });
  await t.throwsAsync(session.run({ x: { ...x, dims: [4, 1] } }), { code: 'ERR_ARGUMENT' });
  await t.throwsAsync(session.run({ x, z: x }), { code: 'ERR_ARGUMENT' });
});
