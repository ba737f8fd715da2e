// The programs in examples/ run as they stand there.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import test from 'ava';

import { temporaryFolder } from './helpers/cli.js';
import { modelBytes, node } from './helpers/model-builder.js';
import { convBnModel } from './helpers/small-models.js';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../examples');

async function example(name: string, ...arguments_: string[]): Promise<string> {
  const file = path.join(folder, `${name}.js`);
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...arguments_]);
  return stdout;
}

test('fuse-file', async (t) => {
  const cwd = temporaryFolder(t);
  const input = path.join(cwd, 'm.onnx');
  const output = path.join(cwd, 'f.onnx');
  writeFileSync(input, convBnModel());
  const stdout = await example('fuse-file', input, output);
  t.regex(stdout, /^bn_0 -> conv_0$/m);
  t.regex(stdout, /^nodes: 3 -> 2$/m);
  t.regex(stdout, /^whole model: passed, relative L2 error \S+$/m);
  t.true(existsSync(output));
});

test('run-model', async (t) => {
  const input = path.join(temporaryFolder(t), 'm.onnx');
  writeFileSync(input, convBnModel());
  const stdout = await example('run-model', input, '1x4x6x6');
  t.regex(stdout, /^y: float32 1x4x6x6, first -?\d/m);
});

test('custom-rule', async (t) => {
  const input = path.join(temporaryFolder(t), 'm.onnx');
  const nodes = [
    node('Relu', ['x'], ['a'], {}, 'first'),
    node('Relu', ['a'], ['b'], {}, 'second'),
    node('Relu', ['b'], ['y'], {}, 'third'),
  ];
  writeFileSync(input, modelBytes({ nodes, inputs: [['x', [2, 3]]], outputs: [['y', [2, 3]]] }));
  const stdout = await example('custom-rule', input);
  t.regex(stdout, /^Relu: 3 -> 1$/m);
  t.is(stdout.match(/^fuse-relu-into-relu: \w+ fused$/gm)?.length, 2);
});

test('demo', async (t) => {
  const stdout = await example('demo');
  t.regex(stdout, /^16x3x256x256 -> 16x64x128x128$/m);
  t.regex(stdout, /^error: \d\.\d+e-7$/m);
  t.regex(stdout, /^BN +35 -> 0$/m);
  t.regex(stdout, /^whole model on 2 random inputs: passed, relative L2 \S+$/m);
});

test('every example is run here', (t) => {
  const programs = readdirSync(folder).filter((file) => file.endsWith('.js'));
  t.deepEqual(programs.sort(), ['custom-rule.js', 'demo.js', 'fuse-file.js', 'run-model.js']);
});
