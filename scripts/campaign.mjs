// The kernel tests at length: npm run campaign. For each instruction set that runs here and the
// emulated one, --configs random configurations (20000) of every suite, from --seed (1); --isa names
// one of them. With --sanitize, a twentieth of that, instrumented for addresses and undefined
// behaviour, then for threads, in builds of their own. A failure prints the arguments that repeat it.
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { run } from './nodes.mjs';

/** Kernels are compiled without optimisation under sanitizers, and run some ten times as long. */
const SANITIZED_SHARE = 20;

const { values } = parseArgs({
  options: {
    configs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    isa: { type: 'string' },
    sanitize: { type: 'boolean', default: false },
  },
});

function must(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error ?? status}`);
}

/** Builds the kernel tests into a folder, and returns the executable. */
function build(folder, sanitizers) {
  must('cmake', ['-B', folder, `-DCONVFUSE_SANITIZE=${sanitizers}`]);
  must('cmake', ['--build', folder, '--target', 'kernel_test', '--parallel']);
  return `${folder}/kernel_test`;
}

let failed = false;

function campaign(test, label, configs) {
  const isas = values.isa ? [values.isa] : run(test, ['--isas']).stdout.trim().split('\n');
  for (const isa of isas) {
    const args = ['--isa', isa, '--configs', configs, '--seed', values.seed];
    const start = performance.now();
    const { status, signal, stdout } = spawnSync(test, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    const seconds = Math.round((performance.now() - start) / 1000);
    if (status !== 0) {
      failed = true;
      console.log(`repeat with: ${test} ${args.join(' ')} --suite NAME --first I --configs 1`);
    }
    const result = signal ?? stdout.trim().replace('kernel tests: ', '');
    console.log(`| ${isa} | ${label} | ${configs} | ${values.seed} | ${seconds} | ${result} |`);
  }
}

console.log('| ISA | build | configurations of each suite | seed | seconds | suites |');
console.log('| --- | --- | --- | --- | --- | --- |');
if (values.sanitize) {
  const configs = String(Math.ceil(Number(values.configs) / SANITIZED_SHARE));
  campaign(build('build-asan', 'address,undefined'), 'address, undefined', configs);
  campaign(build('build-tsan', 'thread'), 'thread', configs);
} else {
  campaign(build('build-campaign', ''), 'release', values.configs);
}
process.exitCode = failed ? 1 : 0;
