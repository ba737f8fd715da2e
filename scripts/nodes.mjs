// Other versions of Node, from the registry's node-<platform>-<arch> packages.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** The majors the package promises to run on. */
export const MAJORS = [20, 22, 24, 26];

const cache = path.resolve('node_modules/.cache/convfuse-nodes');

/**
 * The node binary of a major version, installed once, or undefined with a printed line where the
 * registry has none for this platform. `--force`: npm refuses a package for another CPU.
 */
export function nodeBinary(major, platform = 'linux', arch = process.arch) {
  const name = `node-${platform}-${arch}`;
  const prefix = path.join(cache, `${name}-${major}`);
  const binary = path.join(prefix, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) {
    mkdirSync(prefix, { recursive: true });
    const { status, stderr } = run('npm', [
      'install',
      '--force',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--prefix',
      prefix,
      `${name}@${major}`,
    ]);
    if (status !== 0 || !existsSync(binary)) {
      console.log(`skipped: no ${name}@${major} from the registry\n${stderr}`);
      return undefined;
    }
  }
  return binary;
}

/** Whether a program is on the PATH. */
export function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** Runs a command to its end, capturing what it prints. */
export function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, ...options });
}
