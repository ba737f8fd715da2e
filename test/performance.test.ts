// docs/performance.md is what the newest results render to, and results say no more of a machine
// than its CPU.

import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';

import test from 'ava';

import { renderPerformance } from '../bench/render.js';
import { newestResults, PAGE, resultText, type BenchResults } from '../bench/results.js';

test('the page is rendered from the newest results', (t) => {
  const { file, results } = newestResults();
  const page = readFileSync(PAGE, 'utf8');
  t.is(page, renderPerformance(results, file), 'stale: npm run bench -- render');
});

test('other results render to another page', (t) => {
  const { file, results } = newestResults();
  const slower = results.models.map((row) => ({
    ...row,
    ratio: { ...row.ratio, median: 2 * row.ratio.median },
  }));
  t.not(renderPerformance({ ...results, models: slower }, file), renderPerformance(results, file));
});

test('the page has every layer, network and setting', (t) => {
  const { file, results } = newestResults();
  const page = renderPerformance(results, file);
  for (const { layer } of [...results.layers, ...results.fusion]) {
    t.true(page.includes(`| ${layer} |`), layer);
  }
  for (const { network } of results.models) t.true(page.includes(`| ${network} |`), network);
  t.is(new Set(results.layers.map(({ layer }) => layer)).size, 21);
  t.false(/undefined|NaN/.test(page));
});

test('what rewriting costs is a section of results that have it', (t) => {
  const { file, results } = newestResults();
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
  const { results } = newestResults();
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
