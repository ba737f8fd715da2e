import test from 'ava';

import { version } from '#convfuse/index.js';
import { cli } from '../../helpers/cli.js';

test('says what runs here and why', async (t) => {
  const { code, stdout } = await cli(['info']);
  t.is(code, 0);
  t.true(stdout.includes(version));
  for (const field of ['backend', 'ISA', 'threads', 'CPU', 'caches', 'Node']) {
    t.regex(stdout, new RegExp(`^${field} +\\S`, 'm'));
  }
});

test('--json has the same, for the backend asked for', async (t) => {
  const { code, stdout } = await cli(['info', '--json', '--backend', 'reference']);
  t.is(code, 0);
  t.like(JSON.parse(stdout), {
    schema: 1,
    version,
    backend: { name: 'reference', isa: 'typescript' },
    node: process.version,
  });
});

test('threads that no pool has are wrong usage, in a flag and in the environment', async (t) => {
  const env = { ...process.env, CONVFUSE_THREADS: 'many' };
  for (const [arguments_, options] of [
    [['info', '--threads', '65'], {}],
    [['fuse', 'm.onnx', '--threads', '65'], {}],
    [['bench', 'm.onnx', '--threads', '1,65'], {}],
    [['info'], { env }],
  ] as const) {
    const { code, stderr } = await cli(arguments_, options);
    t.is(code, 2, arguments_.join(' '));
    t.regex(stderr, /^error: expected a whole number from 1 to 64 for (threads|CONVFUSE_THREADS)/);
  }
});

test('an ISA that the CPU lacks is an error, an unknown one wrong usage', async (t) => {
  const isa = process.arch === 'arm64' ? 'avx2' : 'neon';
  t.is((await cli(['info', '--backend', 'native', '--isa', isa])).code, 1);
  t.is((await cli(['info', '--isa', 'mmx'])).code, 2);
});
