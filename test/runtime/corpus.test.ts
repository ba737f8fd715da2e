// Every model of the corpus that has reference outputs, on each backend that is there. Tolerances
// are of abs + rel * |expected| per element:
//
// - cases: 1e-5, as their README asks (1e-2 for float16);
// - the suites of ONNX: 1e-5, a hundred times tighter than its own runner (1e-3), but for one
//   whose reference is printed with four digits;
// - real models: 3e-5 against onnxruntime in float32, whose own distance from a run in double is
//   up to 2.2e-5 (blazeface).

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import type { Backend } from '#convfuse/backend/backend.js';
import { selectBackend } from '#convfuse/backend/select.js';
import { ConvfuseError } from '#convfuse/errors.js';
import { Session } from '#convfuse/runtime/session.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { corpus } from '../helpers/corpus.js';
import { distance, numberedFiles, readModelFile, readTensorFile } from '../helpers/model-files.js';

interface Case {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Operators of the suites that no convolutional network needs. */
const OUT_OF_SCOPE = /Gradient|Sequence|StringNormalizer|MultiThreshold/;

function backends(): Backend[] {
  const found = [selectBackend('reference')];
  try {
    found.push(selectBackend('native'));
  } catch (error) {
    if (!(error instanceof ConvfuseError)) throw error;
    console.error(`skipped: native backend: ${error.message}`);
  }
  return found;
}

function run(model: Case, backend: Backend): number | string {
  let session: Session;
  try {
    session = Session.create(readModelFile(model.model), { backend });
  } catch (error) {
    if (!(error instanceof ConvfuseError) || !OUT_OF_SCOPE.test(error.message)) throw error;
    return error.message;
  }
  const feeds: Record<string, Tensor> = {};
  model.inputs.forEach((file, i) => (feeds[session.inputNames[i]!] = readTensorFile(file)));
  const outputs = session.runSync(feeds);
  session.dispose();
  return Math.max(
    ...model.outputs.map((file, i) =>
      distance(outputs[session.outputNames[i]!]!, readTensorFile(file)),
    ),
  );
}

function check(suite: string, cases: readonly Case[], tolerance: (model: Case) => number): void {
  for (const backend of backends()) {
    test(`${suite} on ${backend.name}`, (t) => {
      const skipped: string[] = [];
      for (const model of cases) {
        const result = run(model, backend);
        if (typeof result === 'string') skipped.push(`${model.name}: ${result}`);
        else t.true(result <= tolerance(model), `${model.name}: ${result}`);
      }
      for (const line of skipped) t.log(`skipped: ${line}`);
      t.true(skipped.length < cases.length || cases.length === 0);
    });
  }
}

function suiteCases(suite: string): Case[] {
  const root = corpus(`peer/${suite}`);
  if (root === undefined) return [];
  return readdirSync(root).flatMap((name) =>
    readdirSync(path.join(root, name))
      .filter((set) => set.startsWith('test_data_set_'))
      .map((set) => ({
        name: `${name}/${set}`,
        model: path.join(root, name, 'model.onnx'),
        inputs: numberedFiles(path.join(root, name, set), 'input'),
        outputs: numberedFiles(path.join(root, name, set), 'output'),
      })),
  );
}

for (const suite of [
  'onnx-node',
  'onnx-pytorch-converted',
  'onnx-pytorch-operator',
  'onnx-simple',
]) {
  check(suite, suiteCases(suite), ({ name }) =>
    name.startsWith('test_averagepool_2d_ceil_last_window_starts_on_pad') ? 5e-5 : 1e-5,
  );
}

const casesRoot = corpus('cases');
const ownCases = (casesRoot === undefined ? [] : readdirSync(casesRoot))
  .map((name) => path.join(casesRoot!, name))
  .filter((folder) => existsSync(path.join(folder, 'output_0.npy')))
  .map((folder) => ({
    name: path.basename(folder),
    model: path.join(folder, 'model.onnx'),
    inputs: numberedFiles(folder, 'input'),
    outputs: numberedFiles(folder, 'output'),
  }));
check('cases', ownCases, ({ name }) => (name.includes('fp16') ? 1e-2 : 1e-5));

const opencvRoot = corpus('peer/opencv-extra-2019');
const opencv = ['ReLU', 'constant', 'convolution', 'deconvolution', 'maxpooling'];
opencv.push('maxpooling_sigmoid', 'padding', 'two_deconvolution', 'two_maxpooling');
const opencvCases = (opencvRoot === undefined ? [] : opencv).map((name) => ({
  name,
  model: path.join(opencvRoot!, 'models', `${name}.onnx`),
  inputs: [path.join(opencvRoot!, 'data', `input_${name}.npy`)],
  outputs: [path.join(opencvRoot!, 'data', `output_${name}.npy`)],
}));
check('opencv', opencvCases, () => 1e-5);

const modelsRoot = corpus('models');
const models = (modelsRoot === undefined ? [] : readdirSync(modelsRoot))
  .flatMap((folder) =>
    readdirSync(path.join(modelsRoot!, folder)).map((name) => path.join(modelsRoot!, folder, name)),
  )
  .filter((file) => file.endsWith('.onnx') && existsSync(file.replace(/onnx$/, 'io')))
  .map((file) => ({
    name: path.basename(file),
    model: file,
    inputs: numberedFiles(file.replace(/onnx$/, 'io'), 'input'),
    outputs: numberedFiles(file.replace(/onnx$/, 'io'), 'output'),
  }));
check('real models', models, () => 3e-5);

// Large networks whose weights are made by ConstantOfShape: their value here is their shapes,
// sizes and operators. Only small ones run on the reference, to keep the time bounded.
const LIGHT = ['bvlc_alexnet', 'inception_v1', 'resnet50', 'shufflenet', 'squeezenet', 'zfnet512'];

const lightRoot = corpus('peer/onnx-light');
for (const backend of lightRoot === undefined ? [] : backends()) {
  for (const name of backend.name === 'native' ? LIGHT : ['shufflenet']) {
    test.serial(`light ${name} on ${backend.name}`, async (t) => {
      const model = readModelFile(path.join(lightRoot!, `light_${name}.onnx`));
      const session = Session.create(model, { backend });
      const feeds: Record<string, Tensor> = {};
      for (const { name: input, shape } of session.inputMetadata) {
        const dims = shape as number[];
        const count = elementCount(dims);
        const data = Float32Array.from({ length: count }, (_, i) => i / count);
        feeds[input] = { type: 'float32', dims, data };
      }
      const outputs = await session.run(feeds);
      session.dispose();
      const wanted = readTensorFile(path.join(lightRoot!, `light_${name}_output_0.pb`));
      const apart = distance(outputs[session.outputNames[0]!]!, wanted);
      t.true(apart <= 1e-5, String(apart));
    });
  }
}
