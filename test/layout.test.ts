// The rules of the tree: who may import whom, where tests lie, how long a file may be.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import test from 'ava';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

function filesIn(folder: string, ending: RegExp): string[] {
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => path.posix.join(folder, file.replaceAll('\\', '/')))
    .filter((file) => ending.test(file) && !file.startsWith('lib/onnx/gen/'))
    .sort();
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const sources = filesIn('lib', /\.c?ts$/);
const tests = filesIn('test', /\.ts$/);
const natives = filesIn('native', /\.(cc|h)$/);

/** Ranks of the folders of lib, and of the files that lie in lib itself. */
const RANKS: Readonly<Record<string, number>> = {
  'errors.ts': 0,
  'version.ts': 0,
  tensor: 1,
  ir: 2,
  backend: 2,
  onnx: 3,
  rewrite: 3,
  fold: 3,
  ops: 3,
  rules: 4,
  runtime: 4,
  layers: 4,
  api: 5,
  batch: 6,
  report: 6,
  'index.ts': 7,
  'index.cts': 7,
  cli: 8,
};

/** The folder of lib that a file lies in, or its name. */
const placeOf = (file: string): string => file.split('/')[1]!;

function importsOf(file: string): string[] {
  const specifiers = read(file).matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'/gms);
  const bare = read(file).matchAll(/\bimport\(?\s*'([^']+)'/g);
  return [...specifiers, ...bare].map(([, specifier]) => specifier!);
}

/** What is wrong with an import, if anything. */
function importProblem(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) {
    const native = file.startsWith('lib/backend/native/');
    return specifier === 'bindings' && !native ? `${file} loads addons` : undefined;
  }
  const target = path.posix.join(path.posix.dirname(file), specifier);
  if (target === 'package.json') return undefined;
  if (!target.startsWith('lib/')) return `${file} imports ${target}, outside lib`;
  const [from, to] = [placeOf(file), placeOf(target).replace(/\.js$/, '.ts')];
  if (from === to) return undefined;
  const [rank, other] = [RANKS[from], RANKS[to]];
  if (rank === undefined || other === undefined) return `${file}: no rank for ${from} or ${to}`;
  // The command line lives on what every user has: the public names.
  const allowed = from === 'cli' ? to === 'index.ts' : other < rank;
  return allowed ? undefined : `${file} imports ${target}, sideways or up`;
}

test('imports go to the own folder or to a lower rank', (t) => {
  const problems = sources.flatMap((file) =>
    importsOf(file).flatMap((specifier) => importProblem(file, specifier) ?? []),
  );
  t.deepEqual(problems, []);
  t.true(sources.length > 30);
});

test('a wrong import would be found', (t) => {
  t.regex(importProblem('lib/ir/a.ts', '../rewrite/rule.js')!, /sideways or up/);
  t.regex(importProblem('lib/ops/a.ts', '../fold/b.js')!, /sideways or up/);
  t.regex(importProblem('lib/cli/a.ts', '../api/fuse.js')!, /sideways or up/);
  t.regex(importProblem('lib/ir/a.ts', '../../test/b.js')!, /outside lib/);
  t.regex(importProblem('lib/api/a.ts', 'bindings')!, /loads addons/);
  t.is(importProblem('lib/ir/text/a.ts', '../graph.js'), undefined);
  t.is(importProblem('lib/cli/commands/a.ts', '../../index.js'), undefined);
  t.deepEqual(importsOf('test/layout.test.ts').slice(0, 2), ['node:fs', 'node:path']);
});

test('tests mirror lib, or say in their first line what they cover', (t) => {
  const astray = tests.filter((file) => {
    if (!file.endsWith('.test.ts')) return false;
    const twin = file.replace(/^test/, 'lib').replace(/\.test\.ts$/, '');
    const mirrors = existsSync(path.join(root, `${twin}.ts`)) || existsSync(path.join(root, twin));
    return !mirrors && !read(file).startsWith('// ');
  });
  t.deepEqual(astray, []);
});

test('the addon alone knows Node-API', (t) => {
  const strangers = natives.filter(
    (file) => !file.startsWith('native/addon/') && /#include\s*[<"]n(ode_)?api/.test(read(file)),
  );
  t.deepEqual(strangers, []);
});

test('files stay short', (t) => {
  const lengthOf = (file: string): number => read(file).split('\n').length - 1;
  const over = (files: readonly string[], limit: number): string[] =>
    files.filter((file) => lengthOf(file) > limit).map((file) => `${file}: ${lengthOf(file)}`);
  const scripts = filesIn('scripts', /\.(mjs|ts)$/);
  t.deepEqual(over([...sources, ...scripts], 250), []);
  t.deepEqual(over([...natives, ...tests], 400), []);
});

test('nothing is left for later', (t) => {
  const marks = new RegExp(['TO', 'DO|FIX', 'ME|XX', 'X\\b'].join(''));
  const skips = new RegExp(['test\\.', '(skip|only|todo|failing)\\('].join(''));
  const found = [...sources, ...tests, ...natives].filter(
    (file) => marks.test(read(file)) || (file.startsWith('test/') && skips.test(read(file))),
  );
  t.deepEqual(found, []);
});
