// The addon under malloc failures: every allocation fails in turn.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import test from 'ava';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..');
const library = path.join(root, 'build', 'Release', 'fail_malloc.so');

test('whichever allocation fails, the call fails with ERR_MEMORY and the process lives', (t) => {
  if (!existsSync(library)) {
    console.error('skipped: failing allocations (fail_malloc.so is built on Linux only)');
    t.pass();
    return;
  }
  const script = path.join(root, 'out', 'test', 'helpers', 'allocation-failures.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    env: { ...process.env, LD_PRELOAD: library },
  });
  t.is(status, 0, stderr);
  const lines = stdout.trim().split('\n');
  t.is(lines.length, 7);
  for (const line of lines) t.regex(line, /^\w+: allocates: ERR_MEMORY$/);
});
