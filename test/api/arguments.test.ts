import path from 'node:path';

import test from 'ava';

import * as api from '#convfuse/index.js';
import { temporaryFolder } from '../helpers/cli.js';
import { convBnModel } from '../helpers/small-models.js';

/** What a caller in JavaScript may pass where an object is wanted. */
const WRONG: readonly unknown[] = [null, NaN, -1, 'x', true, 10n, Symbol('s'), () => 1];
const wrong = <T>(value: unknown): T => value as T;
const refused = { code: 'ERR_ARGUMENT' } as const;

test('a model is one that loadModel() made, in every call that takes one', async (t) => {
  const model = await api.loadModel(convBnModel());
  for (const value of [...WRONG, undefined, {}, [], { graph: {} }]) {
    const given = wrong<typeof model>(value);
    await t.throwsAsync(api.fuseModel(given), refused);
    await t.throwsAsync(api.inspectModel(given), refused);
    await t.throwsAsync(api.verifyModels(given, model), refused);
    await t.throwsAsync(api.verifyModels(model, given), refused);
    await t.throwsAsync(api.benchModel(given), refused);
    await t.throwsAsync(api.studyActivations(given), refused);
    await t.throwsAsync(api.saveModel(given, 'never-written.onnx'), refused);
    await t.throwsAsync(api.loadInputSets('.', given), refused);
    t.throws(() => api.encodeModel(given), refused);
  }
});

test('options are an object, and a signal is a signal, in every call that takes some', async (t) => {
  const model = await api.loadModel(convBnModel());
  const session = await api.InferenceSession.create(model);
  const file = path.join(temporaryFolder(t), 'out.onnx');
  const calls: readonly ((options: never) => Promise<unknown>)[] = [
    (options) => api.fuseModel(model, options),
    (options) => api.inspectModel(model, options),
    (options) => api.verifyModels(model, model, options),
    (options) => api.benchModel(model, options),
    (options) => api.studyActivations(model, options),
    (options) => api.saveModel(model, file, options),
    (options) => api.loadModel(file, options),
    (options) => api.InferenceSession.create(model, options),
    (options) => session.run({}, options),
    (options) => session.run({}, session.outputNames, options),
    async (options) => api.machineInfo(options),
  ];
  for (const [index, call] of calls.entries()) {
    await t.throwsAsync(call(wrong(null)), refused, `call ${index}`);
    await t.throwsAsync(call(wrong('x')), refused, `call ${index}`);
  }
  for (const signal of [...WRONG, {}, { aborted: false, addEventListener: () => 1 }]) {
    await t.throwsAsync(api.fuseModel(model, wrong({ signal })), refused);
    await t.throwsAsync(api.verifyModels(model, model, wrong({ signal })), refused);
    await t.throwsAsync(api.saveModel(model, file, wrong({ signal })), refused);
    await t.throwsAsync(session.run({}, wrong({ signal })), refused);
  }
});

test('shapes, tolerances, inputs, callbacks and switches are checked before any work', async (t) => {
  const model = await api.loadModel(convBnModel());
  const shapes = [...WRONG, { x: 3 }, { x: [-1] }, { x: [1.5] }, { x: ['1'] }, { x: null }];
  for (const inputShapes of shapes) {
    await t.throwsAsync(api.verifyModels(model, model, wrong({ inputShapes })), refused);
    await t.throwsAsync(api.inspectModel(model, wrong({ inputShapes })), refused);
    await t.throwsAsync(api.fuseModel(model, wrong({ verify: { inputShapes } })), refused);
  }
  for (const number of [null, NaN, -1, '1e-3', Symbol('s')]) {
    await t.throwsAsync(api.verifyModels(model, model, wrong({ rtol: number })), refused);
    await t.throwsAsync(api.verifyModels(model, model, wrong({ atol: number })), refused);
    await t.throwsAsync(api.studyActivations(model, wrong({ budget: number })), refused);
  }
  for (const inputs of [null, 5, {}, [], [null], ['x']]) {
    await t.throwsAsync(api.verifyModels(model, model, wrong({ inputs })), refused);
    await t.throwsAsync(api.studyActivations(model, wrong({ inputs })), refused);
  }
  for (const verify of [null, 0, 'no']) {
    await t.throwsAsync(api.fuseModel(model, wrong({ verify })), refused);
  }
  await t.throwsAsync(api.fuseModel(model, wrong({ onProgress: 1 })), refused);
  await t.throwsAsync(api.fuseModel(model, wrong({ rules: {} })), refused);
  await t.throwsAsync(api.loadModel('m.onnx', wrong({ allowSymlinks: 'false' })), refused);
  await t.throwsAsync(api.saveModel(model, 'm.onnx', wrong({ force: 'false' })), refused);
  await t.throwsAsync(api.benchModel(model, wrong({ seed: '1' })), refused);
  for (const timing of [null, { rounds: 0 }, { rounds: 1e12 }, { milliseconds: NaN }]) {
    await t.throwsAsync(api.benchModel(model, wrong({ timing })), refused);
    await t.throwsAsync(api.studyActivations(model, wrong({ timing })), refused);
  }
});
