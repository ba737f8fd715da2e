// Loading, in copies of the package that lack the addon or hold a broken one.

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import test from 'ava';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..');
const addon = path.join(root, 'build', 'Release', 'convfuse.node');
const bindings = path.dirname(createRequire(import.meta.url).resolve('bindings'));

interface Copy {
  readonly folder: string;
  /** Runs code with select.js imported as s; its output and what Node warned of. */
  run(code: string, env?: Record<string, string>): { stdout: string; stderr: string };
}

const { version: packageVersion } = JSON.parse(
  readFileSync(path.join(root, 'package.json'), 'utf8'),
) as {
  version: string;
};

function copyPackage(version = packageVersion): Copy {
  const folder = mkdtempSync(path.join(tmpdir(), 'convfuse-binding-'));
  const of = { type: 'module', version };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(of));
  for (const part of ['errors.js', 'version.js', 'backend', 'tensor']) {
    cpSync(path.join(root, 'dist', part), path.join(folder, 'dist', part), { recursive: true });
  }
  symlinkSync(path.dirname(bindings), path.join(folder, 'node_modules'));
  return {
    folder,
    run(code, env = {}) {
      const file = path.join(folder, 'run.js');
      writeFileSync(file, `import * as s from './dist/backend/select.js';\n${code}`);
      const clean = { PATH: process.env['PATH'], ...env };
      const { stdout, stderr } = spawnSync(process.execPath, [file], {
        encoding: 'utf8',
        env: clean,
      });
      return { stdout: stdout.trim(), stderr };
    },
  };
}

/** Selects twice, in the main thread and in a worker. */
const SELECT = `
  import { Worker, isMainThread } from 'node:worker_threads';
  s.selectBackend();
  console.log(s.selectBackend().name);
  if (isMainThread) new Worker(new URL(import.meta.url));
`;

function tearDown(copy: Copy): void {
  rmSync(copy.folder, { recursive: true });
}

test('without an addon: the reference, with one warning for all threads', (t) => {
  const copy = copyPackage();
  const { stdout, stderr } = copy.run(SELECT);
  t.is(stdout, 'reference\nreference');
  t.is(stderr.match(/without its native addon/g)?.length, 1, stderr);
  const { stdout: refused } = copy.run(
    `try { s.selectBackend() } catch (error) { console.log(error.code, error.message) }`,
    { CONVFUSE_BACKEND: 'native' },
  );
  t.regex(
    refused,
    /^ERR_NATIVE_LOAD the native addon did not load: build\/Release: no addon there/,
  );
  const chosen = copy.run('console.log(s.selectBackend("reference").name)');
  t.deepEqual(chosen, { stdout: 'reference', stderr: '' });
  tearDown(copy);
});

test('a broken build does not hide the prebuilt addon', (t) => {
  const copy = copyPackage();
  mkdirSync(path.join(copy.folder, 'build', 'Release'), { recursive: true });
  writeFileSync(path.join(copy.folder, 'build', 'Release', 'convfuse.node'), 'not an addon');
  const broken = copy.run('console.log(s.selectBackend().reason)');
  t.regex(broken.stdout, /build\/Release: .*; prebuilds\/.*: no addon there/);
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const musl = process.platform === 'linux' && !report.header?.glibcVersionRuntime ? '-musl' : '';
  const target = path.join(copy.folder, 'prebuilds', `${process.platform}-${process.arch}${musl}`);
  mkdirSync(target, { recursive: true });
  cpSync(addon, path.join(target, 'convfuse.node'));
  t.deepEqual(copy.run(SELECT), { stdout: 'native\nnative', stderr: '' });
  tearDown(copy);
});

test('an addon left over from another version is not used', (t) => {
  const copy = copyPackage('999.0.0');
  mkdirSync(path.join(copy.folder, 'build', 'Release'), { recursive: true });
  cpSync(addon, path.join(copy.folder, 'build', 'Release', 'convfuse.node'));
  const { stdout } = copy.run('console.log(s.selectBackend().reason)');
  t.regex(stdout, /build\/Release: built for version \S+, this is 999\.0\.0/);
  tearDown(copy);
});
