import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import test, { type ExecutionContext } from 'ava';

import type { FileReport } from '#convfuse/index.js';
import { cli, listing, temporaryFolder } from '../../helpers/cli.js';
import { convBnModel, reluModel } from '../../helpers/small-models.js';

interface Document {
  readonly schema: number;
  readonly models: readonly FileReport[];
}

function setUp(t: ExecutionContext, files: Readonly<Record<string, Uint8Array>>): string {
  const cwd = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(cwd, name), bytes);
  return cwd;
}

test('fuses beside the input and prints a table on stdout only', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel() });
  const { code, stdout, stderr } = await cli(['fuse', 'm.onnx'], { cwd });
  t.is(code, 0, stderr);
  t.regex(stdout, /^model +status +Conv +BN +nodes +size +error +time +output$/m);
  t.regex(stdout, /^m\.onnx +fused +1 +1 -> 0 +3 -> 2 .* m\.fused\.onnx$/m);
  t.is(stderr, '');
  t.deepEqual(listing(cwd), ['m.fused.onnx', 'm.onnx']);
});

test('--json prints one document with every key', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel({ blocks: 2, exposeFirst: true }) });
  const { code, stdout } = await cli(['fuse', 'm.onnx', '--json'], { cwd });
  t.is(code, 0);
  const { schema, models } = JSON.parse(stdout) as Document;
  t.is(schema, 1);
  t.is(models.length, 1);
  const [report] = models as [FileReport];
  const summary = ['nodes', 'ops', 'bytes', 'parameters', 'macs', 'launches', 'trafficBytes'];
  t.deepEqual(Object.keys(report), [
    ...['input', 'output', 'status', 'error', 'before', 'after', 'sites', 'verification'],
    'milliseconds',
  ]);
  t.deepEqual([report.input, report.output, report.status], ['m.onnx', 'm.fused.onnx', 'fused']);
  t.deepEqual(Object.keys(report.before ?? {}), summary);
  t.deepEqual(Object.keys(report.after ?? {}), summary);
  t.like(report.before, { nodes: 6, ops: { Conv: 2, BatchNormalization: 2, Relu: 2 } });
  t.like(report.after, { nodes: 5, ops: { Conv: 2, BatchNormalization: 1, Relu: 2 } });
  t.is(report.before?.bytes, statSync(path.join(cwd, 'm.onnx')).size);
  t.is(report.after?.bytes, statSync(path.join(cwd, 'm.fused.onnx')).size);
  const site = report.sites.find(({ node }) => node === 'bn_1');
  t.is(site?.verdict, 'fused');
  t.true((site?.check?.error ?? NaN) <= 1);
  t.like(
    report.sites.find(({ node }) => node === 'bn_0'),
    {
      verdict: 'skipped',
      reason: 'graph-output',
      into: null as unknown as undefined,
      check: null as unknown as undefined,
    },
  );
  t.like(report.verification, { status: 'passed', runs: 2, seed: 0 });
  t.true((report.verification?.relL2 ?? NaN) <= 1e-6);
});

test('--explain says why a batch norm stayed', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel({ blocks: 2, exposeFirst: true }) });
  const { stdout } = await cli(['fuse', 'm.onnx', '--explain', '--dry-run'], { cwd });
  t.regex(stdout, /^skipped {2}bn_0: graph-output: .+$/m);
  t.regex(stdout, /^fused {4}bn_1 into conv_1: fuse-batch-norm-into-conv\b/m);
  t.deepEqual(listing(cwd), ['m.onnx']);
});

test('an existing output is kept unless --force', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel(), 'm.fused.onnx': Uint8Array.of(1, 2, 3) });
  const kept = await cli(['fuse', 'm.onnx'], { cwd });
  t.is(kept.code, 1);
  t.regex(kept.stderr, /ERR_OUTPUT.*m\.fused\.onnx/);
  t.is(readFileSync(path.join(cwd, 'm.fused.onnx')).length, 3);
  const forced = await cli(['fuse', 'm.onnx', '--force'], { cwd });
  t.is(forced.code, 0, forced.stderr);
  t.true(readFileSync(path.join(cwd, 'm.fused.onnx')).length > 100);
});

test('an unchanged model is copied byte for byte where a place is named, else not', async (t) => {
  const bytes = reluModel();
  const cwd = setUp(t, { 'm.onnx': bytes });
  const beside = await cli(['fuse', 'm.onnx', '--json'], { cwd });
  t.is(beside.code, 0);
  t.like((JSON.parse(beside.stdout) as Document).models[0], { status: 'unchanged' });
  t.deepEqual(listing(cwd), ['m.onnx']);
  t.is((await cli(['fuse', 'm.onnx', '-o', 'copy.onnx'], { cwd })).code, 0);
  t.is((await cli(['fuse', 'm.onnx', '--out-dir', 'new/dir'], { cwd })).code, 0);
  t.deepEqual(readFileSync(path.join(cwd, 'copy.onnx')), Buffer.from(bytes));
  t.deepEqual(readFileSync(path.join(cwd, 'new/dir/m.fused.onnx')), Buffer.from(bytes));
});

test('--in-place replaces the model, once', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel() });
  const first = await cli(['fuse', 'm.onnx', '--in-place', '--json'], { cwd });
  t.is(first.code, 0, first.stderr);
  t.like((JSON.parse(first.stdout) as Document).models[0], { status: 'fused', output: 'm.onnx' });
  const bytes = readFileSync(path.join(cwd, 'm.onnx'));
  const second = await cli(['fuse', 'm.onnx', '--in-place', '--json'], { cwd });
  t.like((JSON.parse(second.stdout) as Document).models[0], { status: 'unchanged' });
  t.deepEqual(readFileSync(path.join(cwd, 'm.onnx')), bytes);
  t.deepEqual(listing(cwd), ['m.onnx']);
});

test('the model by another name is not overwritten, even by --force', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel() });
  symlinkSync('m.onnx', path.join(cwd, 'link.onnx'));
  const { code, stderr } = await cli(['fuse', 'm.onnx', '-o', 'link.onnx', '--force'], { cwd });
  t.is(code, 1);
  t.regex(stderr, /ERR_OUTPUT/);
  t.deepEqual(readFileSync(path.join(cwd, 'm.onnx')), Buffer.from(convBnModel()));
});

test('one bad model does not stop the others', async (t) => {
  const cwd = setUp(t, {
    'a.onnx': convBnModel({ seed: 1 }),
    'bad.onnx': convBnModel().subarray(0, 200),
    'c.onnx': convBnModel({ seed: 2 }),
  });
  const paths = ['a.onnx', 'bad.onnx', 'missing.onnx', 'c.onnx'];
  const { code, stdout, stderr } = await cli(['fuse', ...paths, '--json', '--jobs', '2'], { cwd });
  t.is(code, 4);
  const { models } = JSON.parse(stdout) as Document;
  t.deepEqual(
    models.map(({ input, status }) => `${input} ${status}`),
    ['a.onnx fused', 'bad.onnx failed', 'missing.onnx failed', 'c.onnx fused'],
  );
  t.is(models[1]?.error?.code, 'ERR_PARSE');
  t.is(models[2]?.error?.code, 'ERR_IO');
  t.regex(stderr, /error ERR_PARSE: .*bad\.onnx/);
  // A later run can go on from here.
  const outputs = ['a.fused.onnx', 'a.onnx', 'bad.onnx', 'c.fused.onnx', 'c.onnx'];
  t.deepEqual(listing(cwd), ['.convfuse-journal.jsonl', ...outputs]);
});

test('the only model failing is an error of its own', async (t) => {
  const cwd = setUp(t, { 'bad.onnx': new Uint8Array() });
  const { code, stdout, stderr } = await cli(['fuse', 'bad.onnx', '--json'], { cwd });
  t.is(code, 1);
  t.is((JSON.parse(stdout) as Document).models[0]?.status, 'failed');
  t.regex(stderr, /^error ERR_[A-Z]+: /);
  t.notRegex(stderr, /\n {4}at /);
});

test('a tolerance that nothing meets fails the verification and writes nothing', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel({ channels: 16 }) });
  const { code, stdout } = await cli(['fuse', 'm.onnx', '--json', '--rtol', '0'], { cwd });
  t.is(code, 3);
  const [report] = (JSON.parse(stdout) as Document).models as [FileReport];
  t.is(report.error?.code, 'ERR_VERIFICATION');
  t.is(report.verification?.status, 'failed');
  t.truthy(report.verification?.worst);
  t.deepEqual(listing(cwd), ['m.onnx']);
});

test('--no-verify skips the checks and says so', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel() });
  const { code, stdout } = await cli(['fuse', 'm.onnx', '--json', '--no-verify'], { cwd });
  t.is(code, 0);
  const [report] = (JSON.parse(stdout) as Document).models as [FileReport];
  t.is(report.verification?.status, 'skipped');
});

test('--skip and --only choose rules', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel() });
  const rule = 'fuse-batch-norm-into-conv';
  const skipped = await cli(['fuse', 'm.onnx', '--json', '--skip', rule], { cwd });
  t.like((JSON.parse(skipped.stdout) as Document).models[0], { status: 'unchanged' });
  const only = await cli(['fuse', 'm.onnx', '--json', '--only', rule], { cwd });
  t.like((JSON.parse(only.stdout) as Document).models[0], { status: 'fused' });
});

const USAGE: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no model', ['fuse'], /missing required argument 'model'/],
  ['an unknown flag', ['fuse', 'm.onnx', '--bogus'], /unknown option '--bogus'/],
  ['-o with several models', ['fuse', 'm.onnx', 'n.onnx', '-o', 'x'], /one model for output/],
  ['-o with --out-dir', ['fuse', 'm.onnx', '-o', 'x', '--out-dir', 'y'], /cannot be used with/],
  ['-o with --in-place', ['fuse', 'm.onnx', '-o', 'x', '--in-place'], /cannot be used with/],
  ['clashing outputs', ['fuse', 'm.onnx', 'sub/m.onnx', '--out-dir', 'd'], /would both write/],
  ['an output that is an input', ['fuse', 'm.onnx', 'm.fused.onnx'], /would be the input/],
  ['--runs with --no-verify', ['fuse', 'm.onnx', '--no-verify', '--runs', '3'], /--no-verify/],
  ['an unknown rule', ['fuse', 'm.onnx', '--only', 'nope'], /no rule 'nope'/],
  [
    'a rule on and off',
    [
      'fuse',
      'm.onnx',
      '--only',
      'fuse-batch-norm-into-conv',
      '--skip',
      'fuse-batch-norm-into-conv',
    ],
    /--only and in --skip/,
  ],
  ['a bad number', ['fuse', 'm.onnx', '--jobs', 'many'], /whole number/],
  ['a bad shape', ['fuse', 'm.onnx', '--input-shape', 'x=1,3'], /NAME=1x3x224x224/],
  ['a bad choice', ['fuse', 'm.onnx', '--backend', 'gpu'], /Allowed choices/],
  ['an empty output', ['fuse', 'm.onnx', '-o', ''], /Expected a path/],
  [
    'a rule of the other target',
    ['fuse', 'm.onnx', '--only', 'fuse-activation-into-conv'],
    /needs --target ort/,
  ],
  ['--resume with -o', ['fuse', 'm.onnx', '--resume', '-o', 'x'], /cannot be used with/],
  ['--resume with --in-place', ['fuse', 'm.onnx', '--resume', '--in-place'], /cannot be used/],
  ['--resume with --dry-run', ['fuse', 'm.onnx', '--resume', '--dry-run'], /cannot be used with/],
];

for (const [what, arguments_, message] of USAGE) {
  test(`wrong usage: ${what}`, async (t) => {
    const cwd = setUp(t, { 'm.onnx': convBnModel() });
    const { code, stdout, stderr } = await cli(arguments_, { cwd });
    t.is(code, 2, stderr);
    t.regex(stderr, message);
    t.is(stdout, '');
    t.deepEqual(listing(cwd), ['m.onnx']);
  });
}

test('a folder is walked, its structure kept in the output folder', async (t) => {
  const cwd = setUp(t, { 'm.onnx': convBnModel() });
  mkdirSync(path.join(cwd, 'in/a'), { recursive: true });
  renameSync(path.join(cwd, 'm.onnx'), path.join(cwd, 'in/a/m.onnx'));
  const { code, stderr } = await cli(['fuse', 'in', '--out-dir', 'out'], { cwd });
  t.is(code, 0, stderr);
  t.true(existsSync(path.join(cwd, 'out/a/m.fused.onnx')));
});
