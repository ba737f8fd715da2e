import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { toBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';

import { TensorProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { formatNpy, parseNpy } from '#convfuse/tensor/npy.js';
import { cli, listing, temporaryFolder } from '../../helpers/cli.js';
import { tensor } from '../../helpers/model-builder.js';
import { reluModel } from '../../helpers/small-models.js';

const x = { type: 'float32', data: Float32Array.of(-1, 2, -3, 4), dims: [1, 4] } as const;

function setUp(t: ExecutionContext): string {
  const cwd = temporaryFolder(t);
  writeFileSync(path.join(cwd, 'm.onnx'), reluModel());
  writeFileSync(path.join(cwd, 'x.npy'), formatNpy(x));
  const proto = tensor('x', x.dims, x.data);
  writeFileSync(path.join(cwd, 'x.pb'), toBinary(TensorProtoSchema, proto));
  return cwd;
}

for (const file of ['x.npy', 'x.pb']) {
  test(`runs a model on ${file}`, async (t) => {
    const cwd = setUp(t);
    const { code, stdout, stderr } = await cli(
      ['run', 'm.onnx', '--input', `x=${file}`, '--out-dir', 'out'],
      { cwd },
    );
    t.is(code, 0, stderr);
    t.is(stdout, `y: float32 1x4 -> ${path.join('out', 'output_0.npy')}\n`);
    t.deepEqual(parseNpy(readFileSync(path.join(cwd, 'out/output_0.npy'))), {
      type: 'float32',
      data: Float32Array.of(0, 2, 0, 4),
      dims: [1, 4],
    });
  });
}

test('an existing result is kept unless --force', async (t) => {
  const cwd = setUp(t);
  const arguments_ = ['run', 'm.onnx', '--input', 'x=x.npy', '--out-dir', '.'];
  writeFileSync(path.join(cwd, 'output_0.npy'), 'mine');
  const kept = await cli(arguments_, { cwd });
  t.is(kept.code, 1);
  t.regex(kept.stderr, /ERR_OUTPUT/);
  t.is(readFileSync(path.join(cwd, 'output_0.npy'), 'utf8'), 'mine');
  t.is((await cli([...arguments_, '--force'], { cwd })).code, 0);
});

test('inputs that are missing, unknown or of another shape are errors', async (t) => {
  const cwd = setUp(t);
  writeFileSync(path.join(cwd, 'z.npy'), formatNpy({ ...x, dims: [4, 1] }));
  for (const inputs of [[], ['--input', 'nope=x.npy'], ['--input', 'x=z.npy']]) {
    const { code, stderr } = await cli(['run', 'm.onnx', ...inputs, '--out-dir', 'out'], { cwd });
    t.is(code, 1, inputs.join(' '));
    t.regex(stderr, /^error ERR_[A-Z]+: /);
  }
  t.false(listing(cwd).includes(path.join('out', 'output_0.npy')));
  t.is((await cli(['run', 'm.onnx'], { cwd })).code, 2);
});
