import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { cli, listing, MAIN, temporaryFolder, type CliResult } from '../helpers/cli.js';
import { convBnModel, reluModel } from '../helpers/small-models.js';

const ESCAPE = '\u001b';

test('help and version are fine, no command is wrong usage', async (t) => {
  const [help, version, none, unknown] = await Promise.all(
    [['--help'], ['--version'], [], ['nonsense']].map((arguments_) => cli(arguments_)),
  );
  t.is(help?.code, 0);
  t.regex(help?.stdout ?? '', /Usage: convfuse/);
  t.is(version?.code, 0);
  t.regex(version?.stdout ?? '', /^\d+\.\d+\.\d+/);
  t.is(none?.code, 2);
  t.is(unknown?.code, 2);
  t.is(unknown?.stdout, '');
});

test('a reader that goes away is no error', async (t) => {
  const child = spawn('bash', ['-c', `"$0" "$1" rules --json | head -1`, process.execPath, MAIN]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  await new Promise((resolve) => child.once('close', resolve));
  t.is(stdout, '{\n');
  t.is(stderr, '');
});

test('a reader that closed before anything was printed is no error either', async (t) => {
  const child = spawn(process.execPath, [MAIN, 'rules'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += String(text)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  t.is(code, 0);
  t.is(stderr, '');
});

test('results that cannot be written are an error, without a stack trace', async (t) => {
  if (!existsSync('/dev/full')) {
    t.pass();
    return;
  }
  const full = openSync('/dev/full', 'w');
  t.teardown(() => {
    closeSync(full);
  });
  const child = spawn(process.execPath, [MAIN, 'rules'], { stdio: ['ignore', full, 'pipe'] });
  let stderr = '';
  child.stderr!.on('data', (text) => (stderr += String(text)));
  t.is(await new Promise((resolve) => child.once('close', resolve)), 1);
  t.is(stderr, 'error ERR_IO: cannot write the results: ENOSPC\n');
});

test('no colour in a pipe, whatever the environment asks for', async (t) => {
  const { stdout } = await cli(['rules'], { env: { ...process.env, FORCE_COLOR: '1' } });
  t.false(stdout.includes(ESCAPE));
});

/** Starts a batch whose second model takes minutes, and calls back when it has got to it. */
async function interrupt(
  cwd: string,
  during: (pid: number) => void,
): Promise<CliResult & { readonly cwd: string }> {
  writeFileSync(path.join(cwd, 'a.onnx'), reluModel());
  writeFileSync(path.join(cwd, 'b.onnx'), convBnModel({ channels: 128, size: 128, blocks: 4 }));
  const arguments_ = ['fuse', 'a.onnx', 'b.onnx', '--backend', 'reference', '--jobs', '1'];
  let started = false;
  const result = await cli(arguments_, {
    cwd,
    onStderr: (pid, text) => {
      if (started || !text.includes('[1/2]')) return;
      started = true;
      setTimeout(during, 500, pid);
    },
  });
  return { ...result, cwd };
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} stops soon and leaves nothing half done`, async (t) => {
    const cwd = temporaryFolder(t);
    let sent = 0;
    const result = await interrupt(cwd, (pid) => {
      sent = performance.now();
      process.kill(pid, signal);
    });
    // Two seconds are promised; the machine may be busy with other tests.
    t.true(performance.now() - sent < 5000, 'it took too long');
    t.is(result.code, code, result.stderr);
    t.regex(result.stdout, /^a\.onnx +unchanged/m);
    t.regex(result.stderr, /interrupted/);
    t.deepEqual(listing(cwd), ['.convfuse-journal.jsonl', 'a.onnx', 'b.onnx']);
  });
}

test('a second signal ends it at once', async (t) => {
  const cwd = temporaryFolder(t);
  const result = await interrupt(cwd, (pid) => {
    process.kill(pid, 'SIGINT');
    setTimeout(() => process.kill(pid, 'SIGINT'), 100);
  });
  t.is(result.code, 130);
  t.deepEqual(listing(cwd), ['.convfuse-journal.jsonl', 'a.onnx', 'b.onnx']);
});
