import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import test, { type ExecutionContext } from 'ava';

import { ExternalData, type ExternalOptions } from '#convfuse/onnx/external-data.js';
import type { ExternalRegion } from '#convfuse/onnx/external-region.js';

import { codeOf } from '../helpers/read-bytes.js';
import { tempFolder } from '../helpers/temp-folder.js';

/** Links and FIFOs are of Unix. */
function unix(name: string, run: (t: ExecutionContext) => void | Promise<void>): void {
  if (process.platform !== 'win32') test(name, run);
}

/** A folder with model/m.onnx, model/w.bin (16 bytes: 0 to 15) and secret.bin beside it. */
function setUp(t: ExecutionContext): string {
  const folder = path.join(tempFolder(t), 'model');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'm.onnx'), '');
  writeFileSync(
    path.join(folder, 'w.bin'),
    Uint8Array.from({ length: 16 }, (_, i) => i),
  );
  writeFileSync(path.join(folder, '..', 'secret.bin'), 'sixteen secret b');
  return folder;
}

function region(location: string, more: Partial<ExternalRegion> = {}): ExternalRegion {
  return { location, offset: 0, length: undefined, checksum: undefined, unknownKeys: [], ...more };
}

function read(
  folder: string,
  where: ExternalRegion,
  bytes = 16,
  options: ExternalOptions = {},
): Uint8Array {
  const data = new ExternalData(path.join(folder, 'm.onnx'), options);
  data.admit(where, bytes, 'W');
  return data.read(where, bytes);
}

test('a region is read from its file', (t) => {
  const folder = setUp(t);
  t.deepEqual([...read(folder, region('w.bin', { offset: 5, length: 3 }), 3)], [5, 6, 7]);
  t.deepEqual([...read(folder, region('./w.bin', { offset: 15 }), 1)], [15]);
  t.deepEqual([...read(folder, region('w.bin', { offset: 16 }), 0)], []);
});

const BAD_RANGES: readonly [string, Partial<ExternalRegion>, number][] = [
  ['offset past the end', { offset: 17 }, 0],
  ['length past the end', { offset: 8 }, 9],
  ['offset and length that would wrap', { offset: 2 ** 53 - 1, length: 2 ** 53 - 1 }, 2 ** 53 - 1],
  ['length other than the tensor needs', { length: 8 }, 4],
];

for (const [name, more, bytes] of BAD_RANGES) {
  test(`refused: ${name}`, (t) => {
    t.is(
      codeOf(() => read(setUp(t), region('w.bin', more), bytes)),
      'ERR_EXTERNAL_DATA',
    );
  });
}

test('a file that is not there is missing, not refused', (t) => {
  const folder = setUp(t);
  t.is(
    codeOf(() => read(folder, region('nowhere.bin'))),
    'ERR_EXTERNAL_DATA',
  );
  t.is(
    codeOf(() => read(folder, region('w.bin/x'))),
    'ERR_EXTERNAL_DATA',
  );
});

unix('links of every kind are refused', (t) => {
  const folder = setUp(t);
  const outside = path.join(folder, '..', 'secret.bin');
  symlinkSync(outside, path.join(folder, 'link.bin'));
  symlinkSync('w.bin', path.join(folder, 'inner.bin'));
  symlinkSync('loop.bin', path.join(folder, 'loop.bin'));
  symlinkSync('..', path.join(folder, 'up'));
  symlinkSync('/proc/self/environ', path.join(folder, 'environ'));
  linkSync(outside, path.join(folder, 'hard.bin'));
  for (const name of [
    'link.bin',
    'inner.bin',
    'loop.bin',
    'up/secret.bin',
    'environ',
    'hard.bin',
  ]) {
    t.is(
      codeOf(() => read(folder, region(name))),
      'ERR_EXTERNAL_PATH',
      name,
    );
  }
});

unix('with allowSymlinks, links inside are followed, and links outside are not', (t) => {
  const folder = setUp(t);
  const options = { allowSymlinks: true };
  mkdirSync(path.join(folder, '..', 'model_evil'));
  writeFileSync(path.join(folder, '..', 'model_evil', 'w.bin'), 'sixteen evil byt');
  mkdirSync(path.join(folder, 'blobs'));
  renameSync(path.join(folder, 'w.bin'), path.join(folder, 'blobs', 'abc'));
  symlinkSync('blobs/abc', path.join(folder, 'w.bin'));
  symlinkSync('blobs', path.join(folder, 'dir'));
  symlinkSync('../secret.bin', path.join(folder, 'out.bin'));
  symlinkSync('../model_evil/w.bin', path.join(folder, 'sibling.bin'));
  symlinkSync('..', path.join(folder, 'up'));
  linkSync(path.join(folder, '..', 'secret.bin'), path.join(folder, 'hard.bin'));
  t.is(read(folder, region('w.bin'), 16, options)[3], 3);
  t.is(read(folder, region('dir/abc'), 16, options)[3], 3);
  for (const name of ['out.bin', 'sibling.bin', 'up/secret.bin', 'hard.bin']) {
    t.is(
      codeOf(() => read(folder, region(name), 16, options)),
      'ERR_EXTERNAL_PATH',
      name,
    );
  }
});

unix('a Hugging Face cache: model and data are both links into one folder of blobs', (t) => {
  const root = tempFolder(t);
  const snapshot = path.join(root, 'snapshots', 'main');
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(path.join(root, 'blobs'));
  writeFileSync(path.join(root, 'blobs', 'model'), '');
  writeFileSync(path.join(root, 'blobs', 'data'), 'abcd');
  symlinkSync('../../blobs/model', path.join(snapshot, 'm.onnx'));
  symlinkSync('../../blobs/data', path.join(snapshot, 'm.onnx_data'));
  t.is(read(snapshot, region('m.onnx_data'), 4, { allowSymlinks: true })[0], 97);
  t.is(
    codeOf(() => read(snapshot, region('m.onnx_data'), 4)),
    'ERR_EXTERNAL_PATH',
  );
});

unix('what is no plain file is refused, and nobody waits for it', (t) => {
  const folder = setUp(t);
  mkdirSync(path.join(folder, 'folder'));
  t.is(spawnSync('mkfifo', [path.join(folder, 'fifo')]).status, 0);
  for (const name of ['folder', 'fifo']) {
    t.is(
      codeOf(() => read(folder, region(name))),
      'ERR_EXTERNAL_PATH',
      name,
    );
  }
});

test('a folder reached through a link is that folder', (t) => {
  const folder = setUp(t);
  const alias = path.join(folder, '..', 'alias');
  symlinkSync('model', alias, 'dir');
  t.is(read(alias, region('w.bin'))[1], 1);
});

test('tensors may use a file four times over, and no more', (t) => {
  const folder = setUp(t);
  const data = new ExternalData(path.join(folder, 'm.onnx'));
  for (let time = 0; time < 4; time++) data.admit(region('w.bin'), 16, `W${time}`);
  t.is(
    codeOf(() => data.admit(region('w.bin'), 1, 'W4')),
    'ERR_LIMIT',
  );
});

test('a checksum is that of the whole file', (t) => {
  const folder = setUp(t);
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
  const checksum = createHash('sha1').update(bytes).digest('hex');
  t.is(read(folder, region('w.bin', { offset: 4, checksum }), 2)[0], 4);
  t.is(
    codeOf(() => read(folder, region('w.bin', { checksum: checksum.replace(/./, '0') }))),
    'ERR_EXTERNAL_DATA',
  );
});

const CHANGES: readonly [string, (file: string) => void][] = [
  ['grew', (file) => appendFileSync(file, 'x')],
  ['shrank', (file) => truncateSync(file, 8)],
  [
    'was written anew',
    (file) => {
      writeFileSync(file, 'another sixteen!');
      utimesSync(file, 1, 1);
    },
  ],
  [
    'was replaced',
    (file) => {
      renameSync(file, `${file}.old`);
      writeFileSync(file, 'another sixteen!');
    },
  ],
];

for (const [name, change] of CHANGES) {
  test(`a file that ${name} since the model was loaded is refused`, (t) => {
    const folder = setUp(t);
    const data = new ExternalData(path.join(folder, 'm.onnx'));
    data.admit(region('w.bin'), 16, 'W');
    change(path.join(folder, 'w.bin'));
    t.is(
      codeOf(() => data.read(region('w.bin'), 16)),
      'ERR_EXTERNAL_DATA',
    );
  });
}

unix('a file swapped for a link while it is being opened is never followed', async (t) => {
  const folder = setUp(t);
  const file = path.join(folder, 'w.bin');
  writeFileSync(file, 'sixteen plain by');
  const script =
    `const fs = require('fs'); process.send('on');` +
    `for (;;) { for (const to of ['plain', 'link']) {` +
    `try { fs.renameSync(${JSON.stringify(file)}, ${JSON.stringify(file)} + '.tmp'); } catch {}` +
    `try { if (to === 'link') fs.symlinkSync('../secret.bin', ${JSON.stringify(file)});` +
    `else fs.writeFileSync(${JSON.stringify(file)}, 'sixteen plain by'); } catch {} } }`;
  const racer = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await new Promise((resolve) => racer.once('message', resolve));
  const seen = new Map<string, number>();
  try {
    // A second at least, and on a busy machine until the two have really met.
    const start = Date.now();
    const met = (): boolean => seen.has('ERR_EXTERNAL_PATH') && seen.has('sixteen plain');
    while (Date.now() < start + (met() ? 1000 : 20_000)) {
      let result: string;
      try {
        result = Buffer.from(read(folder, region('w.bin')))
          .toString('latin1')
          .slice(0, 13);
      } catch (error) {
        result = (error as { code: string }).code;
      }
      seen.set(result, (seen.get(result) ?? 0) + 1);
    }
  } finally {
    racer.kill('SIGKILL');
    await sleep(50);
  }
  for (const result of seen.keys()) {
    t.true(['ERR_EXTERNAL_PATH', 'ERR_EXTERNAL_DATA', 'sixteen plain'].includes(result), result);
  }
  t.true((seen.get('ERR_EXTERNAL_PATH') ?? 0) > 0, 'the link was never met');
});
