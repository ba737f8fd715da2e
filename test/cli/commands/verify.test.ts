import { writeFileSync } from 'node:fs';
import path from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { formatNpy } from '#convfuse/tensor/npy.js';
import { Random } from '#convfuse/tensor/random.js';
import { cli, temporaryFolder } from '../../helpers/cli.js';
import { convBnModel } from '../../helpers/small-models.js';

function setUp(t: ExecutionContext): string {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'a.onnx'), convBnModel({ seed: 1 }));
  writeFileSync(path.join(cwd, 'b.onnx'), convBnModel({ seed: 2 }));
  const x = { type: 'float32', data: new Random(3).normals(144), dims: [1, 4, 6, 6] } as const;
  writeFileSync(path.join(cwd, 'x.npy'), formatNpy(x));
  return cwd;
}

test('a model equals its fused form, on random inputs and on given ones', async (t) => {
  const cwd = setUp(t);
  t.is((await cli(['fuse', 'a.onnx'], { cwd })).code, 0);
  const random = await cli(['verify', 'a.onnx', 'a.fused.onnx', '--json'], { cwd });
  t.is(random.code, 0, random.stderr);
  const { schema, verification } = JSON.parse(random.stdout) as {
    schema: number;
    verification: { status: string; runs: number };
  };
  t.is(schema, 1);
  t.like(verification, { status: 'passed', runs: 2 });
  const given = await cli(['verify', 'a.onnx', 'a.fused.onnx', '--input', 'x=x.npy'], { cwd });
  t.is(given.code, 0, given.stderr);
  t.regex(given.stdout, /^passed\nrelative L2 \S+, largest difference \S+, 1 run$/m);
});

test('a difference exits 3 and shows where', async (t) => {
  const cwd = setUp(t);
  const { code, stdout } = await cli(['verify', 'a.onnx', 'b.onnx'], { cwd });
  t.is(code, 3);
  t.regex(stdout, /^failed: /);
  t.regex(stdout, /^worst: y\[\d+\]: expected \S+, received \S+$/m);
});

test('models that cannot be compared are not called equal', async (t) => {
  const cwd = setUp(t);
  const arguments_ = ['verify', 'a.onnx', 'a.onnx', '--input', 'nope=x.npy'];
  const { code } = await cli(arguments_, { cwd });
  t.is(code, 1);
});

test('a missing file is an error, a missing argument wrong usage', async (t) => {
  const cwd = setUp(t);
  t.is((await cli(['verify', 'a.onnx', 'missing.onnx'], { cwd })).code, 1);
  t.is((await cli(['verify', 'a.onnx'], { cwd })).code, 2);
  const both = ['verify', 'a.onnx', 'b.onnx', '--runs', '3', '--input', 'x=x.npy'];
  t.is((await cli(both, { cwd })).code, 2);
});
