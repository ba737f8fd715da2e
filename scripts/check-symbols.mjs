// Fails when the addon would not load on an old Linux (a GLIBC version above the floor, or any
// GLIBCXX symbol), exports more than Node asks for, or when an object file of one ISA could lend
// its code to another (weak and unique symbols are merged by the linker). Run after a build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const NEWEST_GLIBC = [2, 28];
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

const problems = [];

function output(command, ...args) {
  const { status, stdout, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error?.code === 'ENOENT') {
    console.log(`skipped: symbol check (no ${command})`);
    process.exit(0);
  }
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return stdout;
}

function checkAddon(file) {
  // readelf reads every architecture, which objdump does not.
  const versions = output('readelf', '--version-info', '--wide', file);
  let floor = [0, 0];
  for (const [, kind, version] of versions.matchAll(/Name: (GLIBC(?:XX)?)_([\d.]+)/g)) {
    const parts = version.split('.').map(Number);
    if (kind === 'GLIBCXX') problems.push(`${file} needs ${kind}_${version}`);
    else if (parts[0] > floor[0] || (parts[0] === floor[0] && parts[1] > floor[1])) floor = parts;
  }
  if (floor[0] > NEWEST_GLIBC[0] || floor[1] > NEWEST_GLIBC[1]) {
    problems.push(`${file} needs GLIBC_${floor.join('.')}, above ${NEWEST_GLIBC.join('.')}`);
  }
  for (const line of output('readelf', '--dyn-syms', '--wide', file).split('\n')) {
    const [, , , , binding, , section, name] = line.trim().split(/\s+/);
    const exported = (binding === 'GLOBAL' || binding === 'WEAK') && section !== 'UND';
    if (exported && !EXPORTS.includes(name)) problems.push(`${file} exports ${name}`);
  }
  console.log(`${file}: GLIBC_${floor.join('.')} or later`);
}

function checkObjects(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/(?:isa|fold)_\w+\.cc\.o$/.test(name)) continue;
    const file = path.join(folder, name);
    for (const line of output('readelf', '--syms', '--wide', file).split('\n')) {
      const [, , , , binding, , section, symbol] = line.trim().split(/\s+/);
      if ((binding === 'WEAK' || binding === 'UNIQUE') && section !== 'UND') {
        problems.push(`${file} has the ${binding.toLowerCase()} symbol ${symbol}`);
      }
    }
  }
}

const addons = ['build/Release/convfuse.node'];
if (existsSync('prebuilds')) {
  for (const target of readdirSync('prebuilds')) {
    if (target.startsWith('linux-')) addons.push(path.join('prebuilds', target, 'convfuse.node'));
  }
}
if (process.platform === 'linux') {
  for (const file of addons) if (existsSync(file)) checkAddon(file);
  for (const folder of readdirSync('.')) {
    const objects = path.join(folder, 'CMakeFiles', 'convfuse_kernels.dir');
    if (/^build/.test(folder) && existsSync(objects)) checkObjects(objects);
  }
}
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);
