import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { loadModel } from '#convfuse/api/load.js';
import { formatNpy } from '#convfuse/tensor/npy.js';
import { Random } from '#convfuse/tensor/random.js';
import { cli, listing, temporaryFolder } from '../../helpers/cli.js';
import { modelBytes, node, tensor } from '../../helpers/model-builder.js';
import { tensorOf } from '../../helpers/run-text.js';

/** Two convolutions with GELUs: as an operator, and spelt out. */
function setUp(t: ExecutionContext): string {
  const random = new Random(3);
  const bytes = modelBytes({
    opset: 20,
    inputs: [['x', ['batch', 2, 4, 4]]],
    outputs: ['y'],
    initializers: [
      tensor('w0', [3, 2, 3, 3], random.normals(54)),
      tensor('w1', [2, 3, 2, 2], random.normals(24)),
      tensor('root', [], [Math.SQRT2]),
      tensor('one', [], [1]),
      tensor('half', [], [0.5]),
    ],
    nodes: [
      node('Conv', ['x', 'w0'], ['a'], {}, 'conv_0'),
      node('Gelu', ['a'], ['b'], {}, 'gelu_0'),
      node('Conv', ['b', 'w1'], ['c'], {}, 'conv_1'),
      node('Div', ['c', 'root'], ['d']),
      node('Erf', ['d'], ['e']),
      node('Add', ['e', 'one'], ['f']),
      node('Mul', ['c', 'f'], ['g']),
      node('Mul', ['g', 'half'], ['y'], {}, 'gelu_1'),
    ],
  });
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), bytes);
  return cwd;
}

test('a table of layers, and what all together do', async (t) => {
  const cwd = setUp(t);
  const { code, stdout, stderr } = await cli(['activations', 'm.onnx'], { cwd });
  t.is(code, 0, stderr);
  t.regex(stdout, /^1\s+gelu_[01]\s+gelu\s+conv_[01]\s+\d/m);
  t.regex(stdout, /^2\s+gelu_[01]\s+gelu\s+conv_[01]\s+\d.*\s\d\.\d\d \(\d/m);
  t.regex(
    stdout,
    /^all swapped: relative L2 \S+, largest \S+, top-1 agrees on \S+ %; a run takes/m,
  );
  t.regex(stdout, /^measured on 4 inputs, random, seed 0$/m);
  t.regex(stderr, /whether the model is still accurate is yours to check, on real data/);
  // Never written without a budget.
  t.deepEqual(listing(cwd), ['m.onnx']);
});

test('--budget writes the swapped model, once', async (t) => {
  const cwd = setUp(t);
  const arguments_ = ['activations', 'm.onnx', '--budget', '1000', '--no-time', '--json'];
  const first = await cli(arguments_, { cwd });
  t.is(first.code, 0, first.stderr);
  const report = JSON.parse(first.stdout) as Record<string, unknown>;
  t.like(report, { schema: 1, model: 'm.onnx', output: path.join(cwd, 'm.relu.onnx') });
  t.like(report, { with: 'relu', runs: 4, chosen: { budget: 1000, layers: 2, time: null } });
  const file = path.join(cwd, 'm.relu.onnx');
  const bytes = readFileSync(file);
  const { graph } = await loadModel(bytes);
  t.deepEqual(
    [...graph.nodes()].map(({ opType }) => opType),
    ['Conv', 'Relu', 'Conv', 'Relu'],
  );
  const again = await cli(arguments_, { cwd });
  t.is(again.code, 1);
  t.regex(again.stderr, /ERR_OUTPUT: .* exists already/);
  t.deepEqual(readFileSync(file), bytes);
  const other = [...arguments_, '--with', 'hard-swish', '-o', 'm.relu.onnx', '--force'];
  t.is((await cli(other, { cwd })).code, 0);
  t.notDeepEqual(readFileSync(file), bytes);
});

test('a budget that nothing fits writes nothing, and says so', async (t) => {
  const cwd = setUp(t);
  const arguments_ = ['activations', 'm.onnx', '--budget', '0', '--no-time'];
  const { code, stdout, stderr } = await cli(arguments_, { cwd });
  t.is(code, 0);
  t.regex(stdout, /^within the budget of 0: 0 of 2 layers/m);
  t.regex(stderr, /nothing was written/);
  t.deepEqual(listing(cwd), ['m.onnx']);
});

test('inputs from a folder', async (t) => {
  const cwd = setUp(t);
  mkdirSync(path.join(cwd, 'in'));
  for (const at of [1, 2, 3]) {
    writeFileSync(path.join(cwd, `in/${at}.npy`), formatNpy(tensorOf([at, 2, 4, 4])));
  }
  const arguments_ = ['activations', 'm.onnx', '--input', 'in', '--no-time'];
  const { code, stdout, stderr } = await cli(arguments_, { cwd });
  t.is(code, 0, stderr);
  t.regex(stdout, /^measured on 3 inputs$/m);
  const bad = await cli(['activations', 'm.onnx', '--input', 'none'], { cwd });
  t.is(bad.code, 1);
  t.regex(bad.stderr, /^error ERR_IO: /m);
});

test('wrong usage', async (t) => {
  const wrong = [
    ['--replace', 'nonsense'],
    ['--with', 'gelu'],
    ['--budget', 'x'],
    ['-o', 'y.onnx'],
    ['--replace', 'relu'],
    ['--input', 'in', '--seed', '1'],
  ];
  const results = await Promise.all(wrong.map((flags) => cli(['activations', 'm.onnx', ...flags])));
  results.forEach(({ code, stdout, stderr }, at) => {
    t.is(code, 2, wrong[at]!.join(' '));
    t.is(stdout, '');
    t.regex(stderr, /^error: /);
  });
});
