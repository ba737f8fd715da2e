// The pages docs/performance*.md are what the newest results of each instruction set render to, and
// results say no more of a machine than its CPU.

import { readdirSync, readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';

import test from 'ava';

import { renderPages, renderPerformance } from '../bench/render.js';
import { latestResults, resultText, type BenchResults } from '../bench/results.js';

const latest = latestResults();
const { file, results } = latest[0]!;

test('the pages are rendered from the newest results', (t) => {
  const docs = new URL('../../docs/', import.meta.url);
  const pages = renderPages(latest);
  for (const { page, text } of pages) {
    const written = readFileSync(new URL(page.replace('docs/', ''), docs), 'utf8');
    t.is(written, text, 'stale: npm run bench -- render');
  }
  const names = readdirSync(docs).filter((name) => name.startsWith('performance'));
  t.deepEqual(names.map((name) => `docs/${name}`).sort(), pages.map(({ page }) => page).sort());
});

test('pages of other instruction sets are linked', (t) => {
  const [first, second] = renderPages([
    { file, results, page: 'docs/performance.md' },
    { file, results, page: 'docs/performance-avx2.md' },
  ]);
  t.true(first!.text.includes('](performance-avx2.md)'));
  t.true(second!.text.includes('](performance.md)'));
  t.false(second!.text.includes('](performance-avx2.md)'));
});

test('other results render to another page', (t) => {
  const slower = results.models.map((row) => ({
    ...row,
    ratio: { ...row.ratio, median: 2 * row.ratio.median },
  }));
  t.not(renderPerformance({ ...results, models: slower }, file), renderPerformance(results, file));
});

test('the page has every layer, network and setting', (t) => {
  const page = renderPerformance(results, file);
  for (const { layer } of [...results.layers, ...results.fusion]) {
    t.true(page.includes(`| ${layer} |`), layer);
  }
  for (const { network } of results.models) t.true(page.includes(`| ${network} |`), network);
  t.is(new Set(results.layers.map(({ layer }) => layer)).size, 21);
  t.false(/undefined|NaN/.test(page));
});

test('what rewriting costs is a section of results that have it', (t) => {
  const ratio = { median: 2, low: 1.5, high: 2.5 };
  const [unchangedMilliseconds, fusedMilliseconds] = [ratio, ratio];
  const large = { megabytes: 100, fused: 40, unchangedMilliseconds, fusedMilliseconds, ratio };
  const page = renderPerformance(
    {
      ...results,
      largeFiles: [{ level: 'basic', ...large }],
      manyNodes: [{ form: 'a chain', nodes: 1000, microsecondsPerNode: ratio, ratio }],
    },
    file,
  );
  t.true(page.includes('| basic | 100 MB | 40 |'));
  t.true(page.includes('| a chain | 1000 |'));
  const without = { ...results, largeFiles: undefined, manyNodes: undefined };
  t.false(
    renderPerformance(without as unknown as BenchResults, file).includes('## What rewriting'),
  );
});

test('a result file reads back as it was, a line for each row', (t) => {
  const text = resultText(results);
  t.deepEqual(JSON.parse(text) as BenchResults, results);
  t.true(text.split('\n').length > results.layers.length);
  t.deepEqual(Object.keys(results.machine).sort(), [
    ...['cores', 'cpu', 'isa', 'node', 'onnxruntime', 'platform', 'threads'],
  ]);
  const { username } = userInfo();
  for (const name of [hostname(), ...(username === 'root' ? [] : [username])]) {
    t.false(text.includes(name));
  }
});
