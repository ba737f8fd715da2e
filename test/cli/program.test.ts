import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import test from 'ava';

import { COMMANDS } from '#convfuse/cli/commands.js';
import { cli, MAIN } from '../helpers/cli.js';

const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;

/** A loader that prints the URL of every module that is loaded. */
const HOOK = dataUrl(
  'export async function load(u, c, n) { process._rawDebug("loaded " + u); return n(u, c); }',
);
const PRELOAD = dataUrl(
  `import { register } from "node:module"; register(${JSON.stringify(HOOK)});`,
);

async function loaded(...arguments_: string[]): Promise<string[]> {
  const command = ['--import', PRELOAD, MAIN, ...arguments_];
  const { stderr } = await promisify(execFile)(process.execPath, command);
  return [...stderr.matchAll(/^loaded .*\/dist\/(.*\.js)$/gm)].map(([, file]) => file!);
}

test('help and version do not load the library', async (t) => {
  for (const flag of ['--help', '--version']) {
    const files = await loaded(flag);
    t.true(files.includes('cli/program.js'));
    t.deepEqual(
      files.filter((file) => !file.startsWith('cli/')),
      [],
      flag,
    );
  }
  t.true((await loaded('info')).includes('index.js'));
});

test('a command loads no other', async (t) => {
  const files = await loaded('info');
  const commands = COMMANDS.map(({ name }) => `cli/commands/${name}.js`);
  t.deepEqual(
    files.filter((file) => commands.includes(file)),
    ['cli/commands/info.js'],
  );
});

test('every command has help, with its options, in both ways to ask', async (t) => {
  for (const { name, description } of COMMANDS) {
    const [flag, word] = await Promise.all([cli([name, '--help']), cli(['help', name])]);
    t.is(flag.code, 0);
    t.regex(flag.stdout, new RegExp(`^Usage: convfuse ${name} \\[options\\]`));
    t.true(flag.stdout.replace(/\s+/g, ' ').includes(description));
    t.regex(flag.stdout, /--json/);
    t.deepEqual(word, flag);
  }
});
