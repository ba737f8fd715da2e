// Every hostile file of the corpus through the built command line.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import test, { type ExecutionContext } from 'ava';

import type { FileReport } from '#convfuse/index.js';
import { cli, listing, temporaryFolder, type CliResult } from '../helpers/cli.js';
import { corpus } from '../helpers/corpus.js';

type Expectations = Readonly<Record<string, { readonly expect: string; readonly what: string }>>;

/** What no result may show: raw stacks, raw control characters, other people's errors. */
function checkManners(t: ExecutionContext, { stdout, stderr }: CliResult, what: string): void {
  t.notRegex(stdout + stderr, /\n\s+at .+:\d+:\d+/, `${what}: a stack trace`);
  // eslint-disable-next-line no-control-regex
  t.notRegex(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, `${what}: control`);
  t.notRegex(stderr, /ERR_UNKNOWN|ERR_INTERNAL/, what);
}

for (const folder of ['made', 'found']) {
  test(`hostile/${folder}: each file meets its expectation`, async (t) => {
    const input = corpus(`hostile/${folder}`);
    if (input === undefined) {
      t.pass();
      return;
    }
    const out = temporaryFolder(t);
    const result = await cli(['fuse', input, '--out-dir', out, '--json', '--time-limit', '60']);
    t.is(result.code, 4, result.stderr);
    checkManners(t, result, folder);
    const { models } = JSON.parse(result.stdout) as { models: FileReport[] };
    const files = readdirSync(input).filter((name) => name.endsWith('.onnx'));
    t.deepEqual(models.map((model) => path.basename(model.input)).sort(), files.sort());
    const expectations =
      folder === 'made'
        ? (JSON.parse(readFileSync(path.join(input, 'hostile.json'), 'utf8')) as Expectations)
        : {};
    for (const { input: file, status, error, output } of models) {
      const name = path.basename(file);
      const { expect = 'accept or reject', what = '' } = expectations[name] ?? {};
      const label = `${name} (${what}): expected ${expect}, ${status} ${error?.code ?? ''}`;
      if (/^reject(?! or )/.test(expect)) t.is(status, 'failed', label);
      if (/^accept(?! or )/.test(expect)) t.not(status, 'failed', `${label} ${error?.message}`);
      t.is(error === null, status !== 'failed', label);
      if (status === 'failed') {
        t.is(output as string | null, null, label);
        t.true((error?.message.length ?? 0) > 10, label);
        t.true((error?.message.length ?? 0) < 500, label);
      }
    }
    const written = models.filter(({ output }) => typeof output === 'string').length;
    const outputs = listing(out).filter((name) => name !== '.convfuse-journal.jsonl');
    t.is(outputs.length, written, 'files beside the outputs and the journal');
  });
}

for (const [name, code] of [
  ['ok_baseline.onnx', 0],
  ['w_empty.onnx', 1],
  ['w_text.onnx', 1],
  ['w_nested_lengths_3000.onnx', 1],
  ['x_dotdot.onnx', 1],
  ['a_strides_zero.onnx', 1],
] as const) {
  test(`hostile/made/${name} alone exits ${code}, from fuse and from inspect`, async (t) => {
    const folder = corpus('hostile/made');
    if (folder === undefined) {
      t.pass();
      return;
    }
    const file = path.join(folder, name);
    const out = temporaryFolder(t);
    for (const arguments_ of [
      ['fuse', file, '--out-dir', out],
      ['inspect', file],
    ]) {
      const result = await cli(arguments_);
      t.is(result.code, code, result.stderr);
      checkManners(t, result, name);
      if (code !== 0) t.regex(result.stderr, /^error ERR_[A-Z_]+: \S/m);
    }
    t.is(listing(out).length, code === 0 ? 1 : 0);
  });
}
