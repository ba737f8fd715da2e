import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import test from 'ava';

import { recordHead } from '#convfuse/onnx/wire.js';

import { modelBytes } from '../helpers/model-builder.js';
import { tempFolder } from '../helpers/temp-folder.js';

const MIB = 2 ** 20;
const HEAD = modelBytes({ inputs: ['x'], outputs: ['x'] });
/** IR version and opset, without a graph. */
const BARE = Uint8Array.of(0x08, 8, 0x42, 2, 0x10, 17);

const wrap = (field: number, ...content: Uint8Array[]): Uint8Array => {
  const bytes = Buffer.concat(content);
  return Buffer.concat([recordHead(field, bytes.length), bytes]);
};

/** The op_type of a node. */
const RELU = wrap(4, Buffer.from('Relu'));

/** Very many empty messages in one field: two bytes each. */
const empties = (field: number, count: number): Uint8Array =>
  Buffer.alloc(2 * count, Uint8Array.of(field * 8 + 2, 0));

const FILES: readonly [string, () => Uint8Array, string][] = [
  ['10M empty nodes', () => Buffer.concat([BARE, wrap(7, empties(1, 1e7))]), 'ERR_LIMIT'],
  ['900k empty nodes', () => Buffer.concat([BARE, wrap(7, empties(1, 9e5))]), 'ERR_MODEL'],
  [
    '10M empty attributes',
    () => Buffer.concat([BARE, wrap(7, wrap(1, empties(5, 1e7)))]),
    'ERR_LIMIT',
  ],
  ['1M empty initializers', () => Buffer.concat([BARE, wrap(7, empties(5, 1e6))]), 'ERR_TENSOR'],
  [
    '10M omitted inputs',
    () => Buffer.concat([BARE, wrap(7, wrap(1, RELU, empties(1, 1e7)))]),
    'ERR_LIMIT',
  ],
  ['1M metadata entries', () => Buffer.concat([HEAD, empties(14, 1e6)]), 'none'],
  ['25M metadata entries', () => Buffer.concat([HEAD, empties(14, 2.5e7)]), 'ERR_LIMIT'],
];

/**
 * The peak of a process in bytes. Linux counts in maxRSS what the parent held when it started the
 * process, so there the kernel's own mark of the new memory is read.
 */
const PEAK =
  process.platform === 'linux'
    ? `1024 * /VmHWM:\\s*(\\d+)/.exec(` +
      `(await import('node:fs')).readFileSync('/proc/self/status', 'utf8'))[1]`
    : 'process.resourceUsage().maxRSS * 1024';

for (const [name, make, expected] of FILES) {
  test.serial(`${name} take no more than 12 times their size and 64 MiB`, (t) => {
    const file = path.join(tempFolder(t), 'm.onnx');
    const bytes = make();
    writeFileSync(file, bytes);
    const load = pathToFileURL(path.resolve('dist/api/load.js')).href;
    const script =
      `const { loadModel } = await import('${load}');` +
      `const before = process.memoryUsage().rss;` +
      `const code = await loadModel(process.argv[1]).then(() => 'none', (error) => error.code);` +
      `console.log(code, ${PEAK} - before);`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, file], {
      encoding: 'utf8',
    });
    const [code, growth] = child.stdout.split(' ');
    t.is(code, expected, child.stderr);
    t.log(`${(Number(growth) / MIB).toFixed(0)} MiB for ${(bytes.length / MIB).toFixed(0)}`);
    t.true(Number(growth) <= 12 * bytes.length + 64 * MIB);
  });
}
