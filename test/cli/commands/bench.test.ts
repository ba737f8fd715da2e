import { writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import type { ModelBench } from '#convfuse/api/bench-report.js';
import { cli, temporaryFolder } from '../../helpers/cli.js';
import { convBnModel } from '../../helpers/small-models.js';

const QUICK = ['--rounds', '1', '--time', '1'];

test('a table of the network and of its layers', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), convBnModel({ blocks: 2 }));
  const arguments_ = ['bench', 'm.onnx', '--batch', '1,4', '--threads', '1,2', ...QUICK];
  const { code, stdout, stderr } = await cli(arguments_, { cwd });
  t.is(code, 0, stderr);
  t.regex(stdout, /^2 sites fused; passed, relative L2 \S+$/m);
  t.regex(stdout, /^ +1 +1 +unfused +\d.*\n +1 +1 +fused +\d.*\n +1 +2 +unfused/m);
  t.regex(stdout, /^batch 4 was not run: the batch of input x is 1 in the model$/m);
  t.regex(stdout, /^conv_0 x 2 +1 +1 +batch-norm, relu +\d/m);
  t.regex(stdout, /^conv_0 x 2 +4 +2 +batch-norm, relu +\d/m);
});

test('--json has it all; a model that cannot be read is an entry too', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'a.onnx'), convBnModel());
  writeFileSync(path.join(cwd, 'b.onnx'), 'broken');
  const { code, stdout, stderr } = await cli(['bench', '.', '--json', '--no-layers', ...QUICK], {
    cwd,
  });
  t.is(code, 4);
  t.regex(stderr, /^error ERR_PARSE: b\.onnx/m);
  const { schema, models } = JSON.parse(stdout) as { schema: number; models: ModelBench[] };
  t.is(schema, 1);
  t.like(models[0], { input: 'a.onnx', error: null, fused: 1, layers: [] } as object);
  t.is(models[0]!.networks[0]!.variants.length, 2);
  t.like(models[1], { input: 'b.onnx', error: { code: 'ERR_PARSE' } } as object);
});

test('--precision bfloat16 runs, or is refused where the CPU cannot multiply in it', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), convBnModel());
  const flags = ['--precision', 'bfloat16', '--no-layers', ...QUICK];
  const { code, stderr } = await cli(['bench', 'm.onnx', ...flags], { cwd });
  if (code !== 0) t.regex(stderr, /^error ERR_UNSUPPORTED: m\.onnx/m);
  const reference = ['bench', 'm.onnx', '--backend', 'reference', ...flags];
  t.is((await cli(reference, { cwd })).code, 0);
  t.is((await cli(['bench', 'm.onnx', '--precision', 'half'], { cwd })).code, 2);
});

test('wrong usage', async (t) => {
  const wrong = [[], ['m.onnx', '--batch', '0'], ['m.onnx', '--threads', '1,x']];
  for (const flags of wrong) t.is((await cli(['bench', ...flags])).code, 2, flags.join(' '));
});
