// Builds the addon for this platform, and for linux-arm64 where the cross compiler is there, into
// prebuilds/<platform>-<arch>[-musl]/. Named build:prebuilds, as a script named prebuild would
// run before every build.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { has, run } from './nodes.mjs';

const LIMIT = 1 << 20;
/** Where the cross build lies; check-package.mjs runs its kernel tests. */
const ARM64 = 'build-arm64';

/** glibc leaves its version in the process report; musl has none. */
function libc() {
  if (process.platform !== 'linux') return '';
  return process.report.getReport().header.glibcVersionRuntime === undefined ? '-musl' : '';
}

function build(target, out, strip, options) {
  // By its file: `npx` is a batch file on Windows, which spawn does not run.
  const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const args = [cmakeJs, 'build', '--log-level', 'error', '--out', out, ...options];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  const folder = path.join('prebuilds', target);
  const file = path.join(folder, 'convfuse.node');
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(out, 'Release', 'convfuse.node'), file);
  const [command, ...stripArgs] = strip;
  if (has(command)) {
    const { status: stripped, stderr } = run(command, [...stripArgs, file]);
    if (stripped !== 0) throw new Error(`${command} failed: ${stderr}`);
  }
  const { size } = statSync(file);
  console.log(`${file}: ${size} bytes`);
  if (size > LIMIT) throw new Error(`${file} is larger than ${LIMIT} bytes`);
}

rmSync('prebuilds', { recursive: true, force: true });
build(
  `${process.platform}-${process.arch}${libc()}`,
  'build',
  process.platform === 'darwin' ? ['strip', '-x'] : ['strip', '--strip-unneeded'],
  // The kernels use vector types of GCC and Clang, which MSVC lacks.
  process.platform === 'win32' ? ['--toolset', 'ClangCL'] : [],
);

if (process.platform !== 'linux' || process.arch === 'arm64') {
  // Native builds cover the rest: see .github/workflows/prebuild.yml.
} else if (has('aarch64-linux-gnu-g++')) {
  build(
    'linux-arm64',
    ARM64,
    ['aarch64-linux-gnu-strip', '--strip-unneeded'],
    [
      '--arch',
      'arm64',
      '--CDCMAKE_SYSTEM_NAME=Linux',
      '--CDCMAKE_SYSTEM_PROCESSOR=aarch64',
      '--CDCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
    ],
  );
} else {
  console.log(
    'skipped: linux-arm64 (no aarch64-linux-gnu-g++; Debian: crossbuild-essential-arm64)',
  );
}

const check = spawnSync(process.execPath, ['scripts/check-symbols.mjs'], { stdio: 'inherit' });
process.exit(check.status ?? 1);
