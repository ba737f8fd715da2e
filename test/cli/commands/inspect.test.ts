import { writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { cli, temporaryFolder } from '../../helpers/cli.js';
import { convBnModel } from '../../helpers/small-models.js';

interface Entry {
  readonly input: string;
  readonly error: { readonly code: string } | null;
  readonly summary: { readonly ops: Readonly<Record<string, number>>; readonly macs: number };
  readonly fused: { readonly ops: Readonly<Record<string, number>> };
  readonly inputs: readonly { readonly name: string; readonly dims: readonly number[] }[];
  readonly weights: readonly { readonly type: string; readonly tensors: number }[];
  readonly sites: readonly { readonly verdict: string }[];
}

test('prints what is in a model and what would fuse', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), convBnModel({ blocks: 2, exposeFirst: true }));
  const { code, stdout, stderr } = await cli(['inspect', 'm.onnx', '--explain'], { cwd });
  t.is(code, 0, stderr);
  t.regex(stdout, /^ +format +IR 8, opset 17$/m);
  t.regex(stdout, /^ +input +x: float32 1x4x6x6$/m);
  t.regex(stdout, /^ +BatchNormalization +2 +1$/m);
  t.regex(stdout, /2 sites: 1 would fuse, 1 stay \(graph-output 1\)/);
  t.regex(stdout, /skipped {2}bn_0: graph-output: /);
  t.is(stderr, '');
});

test('--json has an entry for each model, good or bad', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), convBnModel());
  writeFileSync(path.join(cwd, 'bad.onnx'), 'no model');
  const { code, stdout, stderr } = await cli(['inspect', 'bad.onnx', 'm.onnx', '--json'], { cwd });
  t.is(code, 4);
  t.regex(stderr, /^error ERR_PARSE: .*bad\.onnx/);
  const { schema, models } = JSON.parse(stdout) as { schema: number; models: Entry[] };
  t.is(schema, 1);
  t.is(models[0]?.error?.code, 'ERR_PARSE');
  const entry = models[1]!;
  t.is(entry.error, null);
  t.deepEqual(entry.summary.ops, { Conv: 1, BatchNormalization: 1, Relu: 1 });
  t.deepEqual(entry.fused.ops, { Conv: 1, Relu: 1 });
  // 3x3 over 4 channels, for 4 channels of 6x6.
  t.true(entry.summary.macs >= 4 * 4 * 9 * 36);
  t.like(entry.inputs[0], { name: 'x', dims: [1, 4, 6, 6] });
  t.like(entry.weights[0], { type: 'float32', tensors: 5 });
  t.deepEqual(
    entry.sites.map(({ verdict }) => verdict),
    ['fused'],
  );
});
