import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

import test from 'ava';

import * as api from '#convfuse/index.js';

/** What PRODUCT.md and the documentation promise: a name that goes breaks somebody's program. */
const NAMES = [
  'ConvfuseError',
  'FusedConv2d',
  'InferenceSession',
  'Tensor',
  'VerificationError',
  'activationKinds',
  'activationReplacements',
  'backend',
  'batchNorm',
  'batchNormMatrix',
  'benchModel',
  'conditions',
  'conv2d',
  'defineRule',
  'encodeModel',
  'findModels',
  'fuseBnConv',
  'fuseConvBn',
  'fuseLinearBn',
  'fuseModel',
  'fuseModels',
  'inspectModel',
  'loadInputSets',
  'loadModel',
  'loadTensor',
  'machineInfo',
  'prepareReport',
  'rules',
  'saveModel',
  'saveTensor',
  'studyActivations',
  'verifyModels',
  'version',
];

test('the public names are these and no others', (t) => {
  t.deepEqual(Object.keys(api).sort(), NAMES);
});

test('require and import give one and the same instance', async (t) => {
  const required = createRequire(import.meta.url)('convfuse') as typeof api;
  const imported = await import('convfuse');
  t.is(required.ConvfuseError, imported.ConvfuseError);
  t.is(required.ConvfuseError, api.ConvfuseError);
});

test('a CommonJS program prints no warning', async (t) => {
  const program = "process.stdout.write(require('convfuse').version)";
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', program]);
  t.is(stdout, api.version);
  t.is(stderr, '');
});

test('backend() says what computes and why', (t) => {
  const { name, isa, threads, reason } = api.backend();
  t.true(name === 'native' || name === 'reference');
  t.true(isa.length > 0 && reason.length > 0 && threads >= 1);
});
