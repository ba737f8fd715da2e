// Covers --level extended, --target ort and --quantized of lib/cli/commands/fuse.ts: what they add.

import { writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { encodeModel } from '#convfuse/api/encode.js';
import { loadModel, type FileReport } from '#convfuse/index.js';
import { parseText, printNodes } from '#convfuse/ir/text.js';
import { cli, listing, temporaryFolder } from '../../helpers/cli.js';

const SIBLINGS = 'y = Conv(x, W)\nz = Conv(x, W2)\nc = Concat<axis = 1>(y, z)';
const PADDED =
  'x: input float[1, 4, 64, 64]\nW2: float[4, 4, 1, 1]\ny = Conv<pads = [1, 1, 1, 1]>(x, W)\nz = Conv(x, W2)';

test('--level extended merges siblings, which basic leaves alone', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), encodeModel(parseText(SIBLINGS)));
  const basic = await cli(['fuse', 'm.onnx', '--dry-run', '--json'], { cwd });
  t.is((JSON.parse(basic.stdout) as { models: FileReport[] }).models[0]!.status, 'unchanged');
  const result = await cli(['fuse', 'm.onnx', '--level', 'extended', '--json'], { cwd });
  t.is(result.code, 0, result.stderr);
  const [report] = (JSON.parse(result.stdout) as { models: [FileReport] }).models;
  t.is(report.verification?.status, 'passed');
  t.deepEqual(
    report.sites.filter(({ verdict }) => verdict === 'fused').map(({ rule }) => rule),
    ['merge-sibling-convs', 'eliminate-split-concat'],
  );
  const fused = await loadModel(path.join(cwd, 'm.fused.onnx'));
  t.is(printNodes(fused.graph), 'c = Conv(x, W_merged)');
});

test('--explain prints the numbers of the cost model', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), encodeModel(parseText(PADDED)));
  const { code, stdout } = await cli(['fuse', 'm.onnx', '--level', 'extended', '--explain'], {
    cwd,
  });
  t.is(code, 0);
  t.regex(stdout, /skipped {2}z: cost: it would take [\d.]+ us \(\d+ MACs, \d+ bytes, 2 kernels\)/);
});

test('--target ort writes FusedConv, and says so', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), encodeModel(parseText('y = Conv(x, W)\nz = Relu(y)')));
  const { code, stderr } = await cli(['fuse', 'm.onnx', '--target', 'ort'], { cwd });
  t.is(code, 0, stderr);
  t.regex(stderr, /^note: m\.onnx: 1 convolution as com\.microsoft FusedConv, which onnxruntime/m);
  const fused = await loadModel(path.join(cwd, 'm.fused.onnx'));
  t.is(printNodes(fused.graph), 'z = com.microsoft.FusedConv<activation = "Relu">(x, W)');
  const check = await cli(['verify', 'm.onnx', 'm.fused.onnx'], { cwd });
  t.is(check.code, 0, check.stderr);
});

test('--quantized folds a batch norm into scales, which a run without it leaves, with the reason', async (t) => {
  const cwd = temporaryFolder(t);
  const text =
    'q: int8[4, 4, 3, 3]\nt: float[4] = {0.25, 0.5, 0.125, 0.0625}\n' +
    'x: input float[1, 4, 8, 8]\nW = DequantizeLinear<axis = 0>(q, t)\n' +
    'y = Conv(x, W)\nz = BatchNormalization(y, g, b, m, v)\ng: float[4] = {0.5, 1.5, 0.75, 2}';
  writeFileSync(path.join(cwd, 'm.onnx'), encodeModel(parseText(text)));
  const plain = await cli(['fuse', 'm.onnx', '--explain'], { cwd });
  t.is(plain.code, 0, plain.stderr);
  t.regex(plain.stdout, /skipped {2}z: quantized: /);
  t.deepEqual(listing(cwd), ['m.onnx']);
  const { code, stdout, stderr } = await cli(['fuse', 'm.onnx', '--quantized', '--explain'], {
    cwd,
  });
  t.is(code, 0, stderr);
  t.regex(stdout, /fused {4}z into y: fuse-batch-norm-into-quantized-conv, error/);
  const fused = await loadModel(path.join(cwd, 'm.fused.onnx'));
  t.is(
    printNodes(fused.graph),
    'W_fused = DequantizeLinear<axis = 0>(q, t_fused)\nz = Conv(x, W_fused, W_bias)',
  );
  const check = await cli(['verify', 'm.onnx', 'm.fused.onnx', '--json'], { cwd });
  t.is(check.code, 0, check.stderr);
  t.regex(check.stdout, /"status": ?"passed"/);
});
