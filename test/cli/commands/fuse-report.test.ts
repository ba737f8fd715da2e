// Covers --report of lib/cli/commands/fuse.ts.

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import test, { type ExecutionContext } from 'ava';

import type { FileReport } from '#convfuse/index.js';
import { cli, listing, temporaryFolder } from '../../helpers/cli.js';
import { modelBytes, node } from '../../helpers/model-builder.js';
import { HOSTILE_NAMES } from '../../helpers/report-runs.js';
import { convBnModel, reluModel } from '../../helpers/small-models.js';
import { allElements, elements, parseStrictly, textOf } from '../../helpers/strict-html.js';

function setUp(t: ExecutionContext): string {
  const cwd = temporaryFolder(t);
  mkdirSync(path.join(cwd, 'in'));
  writeFileSync(path.join(cwd, 'in/a.onnx'), convBnModel({ blocks: 3, exposeFirst: true }));
  writeFileSync(path.join(cwd, 'in/r.onnx'), reluModel());
  writeFileSync(path.join(cwd, 'in/bad.onnx'), convBnModel().subarray(0, 300));
  return cwd;
}

function numbersIn(value: unknown): string[] {
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbersIn);
}

test('the page says what the document says, of all models', async (t) => {
  const cwd = setUp(t);
  const options = ['--out-dir', 'out', '--report', 'out/r.html', '--seed', '7', '--jobs', '1'];
  const { code, stdout, stderr } = await cli(['fuse', 'in', ...options, '--json'], { cwd });
  t.is(code, 4, stderr);
  const root = parseStrictly(readFileSync(path.join(cwd, 'out/r.html'), 'utf8'));
  const { models } = JSON.parse(stdout) as { models: FileReport[] };
  t.is(models.length, 3);
  const values = elements(root, 'data').map((data) => data.attributes.get('value'));
  for (const number of numbersIn(models)) t.true(values.includes(number), number);
  const text = textOf(root);
  for (const { input, output, error, sites } of models) {
    t.true(text.includes(input));
    if (typeof output === 'string') t.true(text.includes(output));
    if (error?.code !== undefined) t.true(text.includes(`${error.code} ${error.message}`));
    for (const { node: name, rule, reason, detail } of sites) {
      for (const part of [name, rule, reason, detail]) t.true(text.includes(part ?? ''));
    }
  }
  for (const shown of ['--out-dir', '--seed', '--jobs', '--level']) t.true(text.includes(shown));
  t.false(text.includes('--no-verify'));
  t.regex(text, /ISA/);
});

test('an existing report is kept, and then nothing is done', async (t) => {
  const cwd = setUp(t);
  writeFileSync(path.join(cwd, 'r.html'), 'mine');
  const kept = await cli(['fuse', 'in/a.onnx', '--report', 'r.html', '--json'], { cwd });
  t.is(kept.code, 1);
  t.regex(kept.stderr, /^error ERR_OUTPUT: .*r\.html exists already/);
  t.is((JSON.parse(kept.stdout) as { error: { code: string } }).error.code, 'ERR_OUTPUT');
  t.is(readFileSync(path.join(cwd, 'r.html'), 'utf8'), 'mine');
  t.false(existsSync(path.join(cwd, 'in/a.fused.onnx')));
  symlinkSync('elsewhere.html', path.join(cwd, 'link.html'));
  const link = await cli(['fuse', 'in/a.onnx', '--report', 'link.html', '--force'], { cwd });
  t.is(link.code, 1);
  t.regex(link.stderr, /symbolic link/);
  t.false(existsSync(path.join(cwd, 'elsewhere.html')));
  const forced = await cli(['fuse', 'in/a.onnx', '--report', 'r.html', '--force'], { cwd });
  t.is(forced.code, 0, forced.stderr);
  t.notThrows(() => parseStrictly(readFileSync(path.join(cwd, 'r.html'), 'utf8')));
});

test('a report that cannot be written is an error, which says what was written', async (t) => {
  const cwd = setUp(t);
  // Its folder would be made where a file is.
  const options = ['--report', 'in/a.fused.onnx/r.html', '--json'];
  const { code, stdout, stderr } = await cli(['fuse', 'in/a.onnx', ...options], { cwd });
  t.is(code, 1);
  t.regex(stderr, /^error ERR_IO: the report was not written: /m);
  t.regex(stderr, /^note: 1 output was written nevertheless: in\/a\.fused\.onnx$/m);
  t.is((JSON.parse(stdout) as { models: FileReport[] }).models[0]?.status, 'fused');
  t.true(existsSync(path.join(cwd, 'in/a.fused.onnx')));
});

test('with --dry-run the report is all that is written', async (t) => {
  const cwd = setUp(t);
  const { code } = await cli(['fuse', 'in', '--dry-run', '--report', 'r.html'], { cwd });
  t.is(code, 4);
  t.deepEqual(listing(cwd), ['in', 'in/a.onnx', 'in/bad.onnx', 'in/r.onnx', 'r.html']);
  t.regex(readFileSync(path.join(cwd, 'r.html'), 'utf8'), /not written/);
});

test('a verification that fails is in the report', async (t) => {
  const cwd = setUp(t);
  writeFileSync(path.join(cwd, 'm.onnx'), convBnModel({ channels: 16 }));
  const options = ['--rtol', '0', '--report', 'r.html'];
  const { code } = await cli(['fuse', 'm.onnx', ...options], { cwd });
  t.is(code, 3);
  const text = textOf(parseStrictly(readFileSync(path.join(cwd, 'r.html'), 'utf8')));
  t.regex(text, /ERR_VERIFICATION/);
  t.regex(text, /worst element/);
});

test('names out of a model are text', async (t) => {
  const cwd = temporaryFolder(t);
  const names = HOSTILE_NAMES.filter((name) => name !== '' && !/[\ud800-\udfff]/.test(name));
  // Batch norms with nothing to fold into: each is a site, with its name and that of its input.
  const nodes = names.map((name, index) =>
    node(
      'BatchNormalization',
      [index === 0 ? 'x' : names[index - 1]!, 's', 's', 's', 's'],
      [name],
      {},
      name,
    ),
  );
  const last = node('Relu', [names.at(-1)!], ['y'], {}, 'relu');
  const bytes = modelBytes({
    nodes: [...nodes, last],
    inputs: [
      ['x', [1, 1, 2, 2]],
      ['s', [1]],
    ],
    outputs: [['y', [1, 1, 2, 2]]],
  });
  writeFileSync(path.join(cwd, '<b>&"m.onnx'), bytes);
  const { code, stdout, stderr } = await cli(['fuse', '.', '--report', 'r.html', '--json'], {
    cwd,
  });
  t.is(code, 0, stderr);
  const { models } = JSON.parse(stdout) as { models: FileReport[] };
  t.is(models[0]?.sites.length, names.length);
  const html = readFileSync(path.join(cwd, 'r.html'), 'utf8');
  const root = parseStrictly(html);
  const known =
    /^(html|head|meta|title|style|body|header|main|section|h[123]|p|a|table|caption|thead|tbody|tr|th|td|data|span|svg|rect|details|summary|small|code)$/;
  for (const { name } of allElements(root)) t.regex(name, known);
  // eslint-disable-next-line no-control-regex
  t.false(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/.test(html));
  t.true(textOf(root).includes('<script>alert(1)</script>'));
});

const USAGE: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no page', ['fuse', 'in/a.onnx', '--report', 'in/r.onnx', '--force'], /Expected FILE\.html/],
  ['an ending alone', ['fuse', 'in/a.onnx', '--report', '.html'], /Expected FILE\.html/],
  ['a model', ['fuse', 'in/a.html', '--report', './in/a.html'], /is one of the models/],
  ['the output', ['fuse', 'in/a.onnx', '-o', 'x.html', '--report', 'x.html'], /one of the models/],
];

for (const [what, arguments_, message] of USAGE) {
  test(`wrong usage: --report ${what}`, async (t) => {
    const cwd = setUp(t);
    const { code, stdout, stderr } = await cli(arguments_, { cwd });
    t.is(code, 2, stderr);
    t.regex(stderr, message);
    t.is(stdout, '');
    t.deepEqual(listing(cwd), ['in', 'in/a.onnx', 'in/bad.onnx', 'in/r.onnx']);
  });
}
