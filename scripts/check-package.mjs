// Packs the library, installs the tarball into an empty folder where no compiler is on the PATH,
// and runs one fused layer there: on every Node major, as ESM, CommonJS and in a worker, with the
// prebuilt addon and without. Prints a table; exits 1 if any cell failed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { MAJORS, has, nodeBinary, run } from './nodes.mjs';

const scratch = mkdtempSync(path.join(tmpdir(), 'convfuse-package-'));
const failures = [];
let passed = 0;

function must(command, args, options) {
  const result = run(command, args, options);
  if (result.status !== 0) {
    console.error(`${command} ${args.join(' ')}\n${result.stdout}${result.stderr}`);
    process.exit(1);
  }
  return result.stdout;
}

// One layer with a known answer: a 1x1 convolution by 2, plus 1, through ReLU.
const LAYER = `
  const layer = new FusedConv2d({
    weight: { type: 'float32', data: Float32Array.of(2), dims: [1, 1, 1, 1] },
    bias: Float32Array.of(1), activation: 'relu', backend: process.env.WANT_BACKEND });
  const x = { type: 'float32', data: Float32Array.of(-1, 0, 1, 2), dims: [1, 1, 2, 2] };
  const y = [...(await layer.run(x)).data, ...layer.runSync(x).data].join();
  layer.dispose();
  if (y !== '0,1,3,5,0,1,3,5') throw new Error('wrong result ' + y);
  if (process.version !== process.env.WANT_VERSION) throw new Error('ran on ' + process.version);
  if (backend().name !== (process.env.WANT_BACKEND === 'auto' ? 'reference' : 'native'))
    throw new Error('ran on ' + JSON.stringify(backend()));
  console.log('ok');`;
const PROGRAMS = {
  'esm.mjs': `import { FusedConv2d, backend } from 'convfuse';\n${LAYER}`,
  'cjs.cjs': `const { FusedConv2d, backend } = require('convfuse');\n(async () => {${LAYER}})();`,
  'worker.mjs': `import { Worker } from 'node:worker_threads';
    new Worker(new URL('./esm.mjs', import.meta.url)).on('exit', (code) => process.exit(code));`,
};

/** Installs the tarball with npm scripts off, as current package managers do. */
function install(tarball) {
  const folder = path.join(scratch, 'app');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{"private": true}');
  must('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball], { cwd: folder });
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(path.join(folder, name), text);
  return folder;
}

function cell(runner, folder, program, version, wanted) {
  const [command, ...args] = runner;
  const { status, stdout, stderr } = spawnSync(command, [...args, program], {
    cwd: folder,
    encoding: 'utf8',
    // No PATH: no compiler, no cmake, nothing but the Node under test.
    env: { WANT_BACKEND: wanted, WANT_VERSION: version, HOME: scratch },
    timeout: 120_000,
  });
  const warnings = stderr.split('\n').filter((line) => line.includes('Warning:')).length;
  // A worker stays silent: the warning is the main thread's.
  const expected = wanted === 'auto' && program !== 'worker.mjs' ? 1 : 0;
  const ok = status === 0 && stdout.trim() === 'ok' && warnings === expected;
  if (ok) passed += 1;
  else failures.push(`${version} ${program} ${wanted}: ${status}, ${warnings} warnings\n${stderr}`);
  return ok ? 'ok' : 'FAILED';
}

function table(title, runners, folder, wanted) {
  for (const { label, runner, version } of runners) {
    const cells = Object.keys(PROGRAMS).map((name) => cell(runner, folder, name, version, wanted));
    console.log(`| ${label} | ${title} | ${cells.join(' | ')} |`);
  }
}

must('npm', ['run', 'build']);
// Without the compiler's progress.
for (const line of must('npm', ['run', '--silent', 'build:prebuilds']).split('\n')) {
  if (/^(?:prebuilds|build|skipped)\b/.test(line)) console.log(line);
}
const packed = JSON.parse(must('npm', ['pack', '--json', '--pack-destination', scratch]))[0];
const tarball = path.join(scratch, packed.filename);
for (const file of packed.files) {
  if (/^(native|test|lib|build)\//.test(file.path))
    failures.push(`packed by mistake: ${file.path}`);
}
console.log(`${packed.filename}: ${packed.size} bytes, ${packed.files.length} files`);

const folder = install(tarball);
const runners = MAJORS.flatMap((major) => {
  const binary = nodeBinary(major);
  if (binary === undefined) return [];
  const version = must(binary, ['-p', 'process.version']).trim();
  if (!version.startsWith(`v${major}.`)) throw new Error(`asked for ${major}, got ${version}`);
  return [{ label: `Node ${version}`, runner: [binary], version }];
});
const emulator = 'qemu-aarch64-static';
const prebuilds = path.join(folder, 'node_modules/convfuse/prebuilds');
if (process.arch === 'x64' && has(emulator) && existsSync(path.join(prebuilds, 'linux-arm64'))) {
  // By its path, as the programs run without any PATH.
  const where = must('sh', ['-c', `command -v ${emulator}`]).trim();
  const emulated = [where, '-L', '/usr/aarch64-linux-gnu'];
  const binary = nodeBinary(22, 'linux', 'arm64');
  if (binary !== undefined) {
    const runner = [...emulated, binary];
    const version = must(emulated[0], [...runner.slice(1), '-p', 'process.version']).trim();
    runners.push({ label: `Node ${version}, arm64 under emulation`, runner, version });
  }
  // Fewer configurations than on the machine itself: emulation is slow.
  const kernels = ['build-arm64/kernel_test', '--configs', '60'];
  process.stdout.write(`arm64 ${must(emulated[0], [...emulated.slice(1), ...kernels])}`);
} else {
  console.log(`skipped: arm64 (wants ${emulator} and a linux-arm64 prebuild)`);
}

console.log('| runtime | backend | ESM | CommonJS | worker |\n|---|---|---|---|---|');
table('native', runners, folder, 'native');
rmSync(prebuilds, { recursive: true });
table('reference (no prebuilds)', runners, folder, 'auto');

for (const [tool, ...args] of [
  ['publint', '--strict', tarball],
  ['attw', tarball],
]) {
  const { status, stdout, stderr } = run('npx', ['--no', '--', tool, ...args]);
  console.log(`${tool}: ${status === 0 ? 'clean' : 'FAILED'}`);
  if (status === 0) passed += 1;
  else failures.push(`${tool}\n${stdout}${stderr}`);
}
rmSync(scratch, { recursive: true });
for (const failure of failures) console.error(failure);
console.log(`package checks: ${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
