// Covers --resume of lib/cli/commands/fuse.ts: runs that are killed or interrupted, and gone on with.

import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import test, { type ExecutionContext } from 'ava';

import type { FileReport } from '#convfuse/index.js';
import { Random } from '#convfuse/tensor/random.js';
import { cli, listing, MAIN, temporaryFolder } from '../../helpers/cli.js';
import { externalModel } from '../../helpers/external-model.js';
import { convBnModel, reluModel } from '../../helpers/small-models.js';

/** Rounds of killing; each kills two runs. A campaign sets more. */
const ROUNDS = Number(process.env['CONVFUSE_KILLS'] ?? 4);

function setUp(t: ExecutionContext): string {
  const cwd = temporaryFolder(t);
  const models = path.join(cwd, 'models');
  mkdirSync(path.join(models, 'sub'), { recursive: true });
  for (const [index, name] of ['a', 'b', 'sub/c', 'sub/d', 'e'].entries()) {
    const bytes = convBnModel({ seed: index, blocks: 1 + index, channels: 8, size: 12 });
    writeFileSync(path.join(models, `${name}.onnx`), bytes);
  }
  writeFileSync(path.join(models, 'x.onnx'), externalModel().bytes);
  writeFileSync(path.join(models, 'w.bin'), externalModel().data);
  writeFileSync(path.join(models, 'r.onnx'), reluModel());
  writeFileSync(path.join(models, 'bad.onnx'), convBnModel().subarray(0, 300));
  return cwd;
}

const FUSE = ['fuse', 'models', '--out-dir', 'out', '--jobs', '2', '--json'];

/** All files below a folder, but for those that convfuse keeps to itself. */
function tree(folder: string): Record<string, string> {
  const names = listing(folder).filter(
    (name) =>
      !path.basename(name).startsWith('.convfuse-') && statSync(path.join(folder, name)).isFile(),
  );
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(path.join(folder, name), 'base64')]),
  );
}

interface Document {
  readonly models: readonly FileReport[];
}

/** A document without what differs from run to run. */
function comparable(json: string): unknown {
  const { models, ...rest } = JSON.parse(json) as Document;
  return {
    ...rest,
    models: models.map(({ milliseconds: _times, resumed: _resumed, ...report }) => report),
  };
}

interface Kill {
  /** Models that are to be done before. */
  readonly done: number;
  /** Milliseconds after that. */
  readonly after: number;
  /** The workers too, as a power cut would. */
  readonly all: boolean;
}

/** Starts a run and kills it. @returns whether it was still there to be killed */
async function killed(cwd: string, options: string[], kill: Kill): Promise<boolean> {
  const child = spawn(process.execPath, [MAIN, ...FUSE, ...options], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let text = '';
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    if (timer !== undefined || (kill.done > 0 && !text.includes(`[${kill.done}/8]`))) return;
    timer = setTimeout(() => {
      try {
        process.kill(kill.all ? -child.pid! : child.pid!, 'SIGKILL');
      } catch {
        // It was done before.
      }
    }, kill.after);
  };
  child.stderr.on('data', (more) => {
    text += String(more);
    look();
  });
  look();
  const signal = await new Promise((resolve) => {
    child.once('exit', (_code, by) => {
      resolve(by);
    });
  });
  clearTimeout(timer);
  return signal === 'SIGKILL';
}

test.serial(
  'killed at any time and gone on with, it ends as if it had never been stopped',
  async (t) => {
    if (process.platform === 'win32') {
      t.pass();
      return;
    }
    const cwd = setUp(t);
    const unstopped = await cli(FUSE, { cwd });
    t.is(unstopped.code, 4, unstopped.stderr);
    const expected = tree(path.join(cwd, 'out'));
    t.is(Object.keys(expected).length, 8);
    const random = new Random(Date.now() % 2 ** 31);
    let [kills, taken] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      rmSync(path.join(cwd, 'out'), { recursive: true });
      for (const options of [[], ['--resume']]) {
        const done = Math.floor(random.uniform() * 8);
        // The first models take longer, since the process and its workers start before them.
        const after = random.uniform() * (done === 0 ? 600 : 150);
        if (await killed(cwd, options, { done, after, all: round % 2 === 0 })) kills += 1;
      }
      const resumed = await cli([...FUSE, '--resume'], { cwd });
      t.is(resumed.code, 4, resumed.stderr);
      t.deepEqual(tree(path.join(cwd, 'out')), expected);
      t.deepEqual(comparable(resumed.stdout), comparable(unstopped.stdout));
      const { models } = JSON.parse(resumed.stdout) as Document;
      taken += models.filter((model) => model.resumed === true).length;
    }
    t.log(`${kills} kills, ${taken} of ${7 * ROUNDS} models taken over`);
  },
);

test.serial('interrupted, it says how to go on, and goes on', async (t) => {
  const cwd = setUp(t);
  // The last one, which takes minutes.
  const long = path.join(cwd, 'models', 'sub', 'z.onnx');
  writeFileSync(long, convBnModel({ channels: 128, size: 128, blocks: 4 }));
  let sent = false;
  const options = ['fuse', 'models', '--out-dir', 'out', '--report', 'out/report.html'];
  const first = await cli([...options, '--backend', 'reference', '--jobs', '1'], {
    cwd,
    onStderr: (pid, text) => {
      if (sent || !text.includes('[8/9]')) return;
      sent = true;
      setTimeout(() => process.kill(pid, 'SIGINT'), 300);
    },
  });
  t.is(first.code, 130, first.stderr);
  t.regex(first.stderr, /interrupted: models not listed were not written; .* --resume continues/);
  t.regex(
    readFileSync(path.join(cwd, 'out/report.html'), 'utf8'),
    /was interrupted: 1 other was not/,
  );
  rmSync(long);
  const second = await cli([...options, '--backend', 'reference', '--resume'], { cwd });
  t.is(second.code, 4, second.stderr);
  t.regex(second.stdout, /^models\/a\.onnx +fused \(resumed\) .* out\/a\.fused\.onnx$/m);
  t.regex(second.stdout, /^models\/r\.onnx +unchanged \(resumed\) /m);
  t.regex(second.stderr, /\[\d\/8\] fused \(resumed\) models\/a\.onnx/);
  t.regex(second.stderr, /note: 7 models finished by an earlier run/);
  const report = readFileSync(path.join(cwd, 'out/report.html'), 'utf8');
  t.regex(report, /by an earlier run/);
  t.notRegex(report, /was interrupted/);
});

test.serial('the document marks what was taken over, and is the same otherwise', async (t) => {
  const cwd = setUp(t);
  rmSync(path.join(cwd, 'models/bad.onnx'));
  const first = await cli([...FUSE, '--resume'], { cwd });
  t.is(first.code, 0, first.stderr);
  cpSync(path.join(cwd, 'out'), path.join(cwd, 'copy'), { recursive: true });
  const second = await cli([...FUSE, '--resume'], { cwd });
  t.is(second.code, 0, second.stderr);
  t.deepEqual(comparable(second.stdout), comparable(first.stdout));
  const { models } = JSON.parse(second.stdout) as Document;
  t.true(models.every((model) => model.resumed === true));
  t.false(first.stdout.includes('resumed'));
  t.deepEqual(tree(path.join(cwd, 'out')), tree(path.join(cwd, 'copy')));
});

test.serial('without --resume an earlier run is mentioned, and its outputs are kept', async (t) => {
  const cwd = setUp(t);
  await cli(FUSE, { cwd });
  const before = tree(path.join(cwd, 'out'));
  const again = await cli(FUSE, { cwd });
  t.is(again.code, 4);
  t.regex(again.stderr, /out\/\.convfuse-journal\.jsonl is from an earlier run, which --resume/);
  t.regex(again.stderr, /ERR_OUTPUT: models\/a\.onnx: .* exists already/);
  t.deepEqual(tree(path.join(cwd, 'out')), before);
});

test.serial('a command with --resume can be given again when nothing is left to do', async (t) => {
  const cwd = setUp(t);
  rmSync(path.join(cwd, 'models/bad.onnx'));
  const first = await cli([...FUSE, '--resume'], { cwd });
  t.is(first.code, 0, first.stderr);
  const second = await cli([...FUSE, '--resume'], { cwd });
  t.is(second.code, 0, second.stderr);
  t.deepEqual(comparable(second.stdout), comparable(first.stdout));
});
