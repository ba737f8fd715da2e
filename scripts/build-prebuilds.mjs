// Builds the addon for this platform, and for linux-arm64 where the cross compiler is there, into
// prebuilds/<platform>-<arch>[-musl]/. Named build:prebuilds, as a script named prebuild would
// run before every build.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

import { has, run } from './nodes.mjs';

const LIMIT = 1 << 20;

/** glibc leaves its version in the process report; musl has none. */
function libc() {
  if (process.platform !== 'linux') return '';
  return process.report.getReport().header.glibcVersionRuntime === undefined ? '-musl' : '';
}

function build(target, strip, options) {
  const out = `build-prebuild-${target}`;
  const args = ['cmake-js', 'build', '--log-level', 'error', '--out', out, ...options];
  const { status } = spawnSync('npx', ['--no', ...args, '--CDCONVFUSE_TESTS=OFF'], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
  const folder = path.join('prebuilds', target);
  const file = path.join(folder, 'convfuse.node');
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(out, 'Release', 'convfuse.node'), file);
  if (has(strip)) run(strip, ['--strip-unneeded', file]);
  const { size } = statSync(file);
  console.log(`${file}: ${(size / 1024).toFixed(0)} KiB`);
  if (size > LIMIT) throw new Error(`${file} is larger than ${LIMIT} bytes`);
}

rmSync('prebuilds', { recursive: true, force: true });
build(`${process.platform}-${process.arch}${libc()}`, 'strip', []);

if (process.platform !== 'linux' || process.arch === 'arm64') {
  // Native builds cover the rest: see .github/workflows/prebuild.yml.
} else if (has('aarch64-linux-gnu-g++')) {
  build('linux-arm64', 'aarch64-linux-gnu-strip', [
    '--arch',
    'arm64',
    '--CDCMAKE_SYSTEM_NAME=Linux',
    '--CDCMAKE_SYSTEM_PROCESSOR=aarch64',
    '--CDCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
  ]);
} else {
  console.log(
    'skipped: linux-arm64 (no aarch64-linux-gnu-g++; Debian: crossbuild-essential-arm64)',
  );
}

const check = spawnSync(process.execPath, ['scripts/check-symbols.mjs'], { stdio: 'inherit' });
process.exit(check.status ?? 1);
