// Whoever asks for a document gets one, also of an error.

import test from 'ava';

import { cli, temporaryFolder } from '../helpers/cli.js';

test('of commands on one model an error is a document where --json asks for one, beside the line for people', async (t) => {
  const folder = temporaryFolder(t);
  const lines = [
    ['verify', 'a.onnx', 'b.onnx'],
    ['run', 'a.onnx', '--out-dir', 'out'],
    ['activations', 'a.onnx'],
  ];
  const results = await Promise.all(
    lines.map(async (line) => cli([...line, '--json'], { cwd: folder })),
  );
  for (const [i, { code, stdout, stderr }] of results.entries()) {
    const label = lines[i]!.join(' ');
    t.is(code, 1, label);
    t.regex(stderr, /^error ERR_IO: cannot read .*a\.onnx: ENOENT\n$/, label);
    const { schema, error } = JSON.parse(stdout) as { schema: number; error: { code: string } };
    t.deepEqual([schema, error.code], [1, 'ERR_IO'], label);
  }
  const plain = await cli(lines[0]!, { cwd: folder });
  t.is(plain.stdout, '');
});
