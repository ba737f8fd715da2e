import path from 'node:path';

import test from 'ava';

import { fusedName, planOutputs } from '#convfuse/batch/plan-outputs.js';
import { ConvfuseError } from '#convfuse/errors.js';

const model = (file: string, relative = path.basename(file)) => ({ path: file, relative });

test('the default is beside the model', (t) => {
  t.deepEqual(planOutputs([model('a/m.onnx')], {}), [
    { input: 'a/m.onnx', output: 'a/m.fused.onnx', named: false, makeFolder: false },
  ]);
});

test('a named output is for one model', (t) => {
  t.deepEqual(planOutputs([model('m.onnx')], { output: 'x' }), [
    { input: 'm.onnx', output: 'x', named: true, makeFolder: false },
  ]);
  t.throws(() => planOutputs([model('m.onnx'), model('n.onnx')], { output: 'x' }), {
    code: 'ERR_ARGUMENT',
  });
});

test('an output folder keeps the paths below a folder argument', (t) => {
  t.deepEqual(planOutputs([model('in/a/m.onnx', 'a/m.onnx')], { outDir: 'out' }), [
    {
      input: 'in/a/m.onnx',
      output: path.join('out', 'a', 'm.fused.onnx'),
      named: true,
      makeFolder: true,
    },
  ]);
});

test('in place is the model itself', (t) => {
  t.deepEqual(planOutputs([model('m.onnx')], { inPlace: true }), [
    { input: 'm.onnx', output: 'm.onnx', named: false, makeFolder: false },
  ]);
});

for (const [what, models, options] of [
  ['two places', ['m.onnx'], { output: 'x', outDir: 'y' }],
  ['a place and in place', ['m.onnx'], { outDir: 'y', inPlace: true }],
  ['one output for two models', ['a/m.onnx', 'b/m.onnx'], { outDir: 'out' }],
  ['names that differ in case only, in a new folder', ['a/m.onnx', 'b/M.onnx'], { outDir: 'out' }],
  ['an output that is an input', ['m.onnx', 'm.fused.onnx'], {}],
  ['an output that is its own input', ['m.onnx'], { output: './m.onnx' }],
] as const) {
  test(`refuses ${what}`, (t) => {
    const error = t.throws(
      () =>
        planOutputs(
          models.map((file) => model(file)),
          options,
        ),
      {
        instanceOf: ConvfuseError,
      },
    );
    t.is(error?.code, 'ERR_ARGUMENT');
  });
}

test('names that differ in case only stay where they are told apart', (t) => {
  t.is(planOutputs([model('m.onnx'), model('M.onnx')], {}).length, 2);
});

test('only the ending .onnx is replaced', (t) => {
  t.is(fusedName('a.onnx/model'), 'a.onnx/model.fused.onnx');
  t.is(fusedName('model.ONNX'), 'model.fused.onnx');
});
