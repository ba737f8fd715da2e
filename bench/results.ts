// Result files: bench/results/<date>-<cpu>-<isa>.json, the source of docs/performance.md and, for CPUs
// with narrower vectors, of docs/performance-<isa>.md.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Machine } from '#convfuse/api/machine.js';

import type { ConvRow } from './conv2d.bench.js';
import type { FusionRow } from './fusion.bench.js';
import type { ModelRow } from './models.bench.js';
import type { NodeUserRow } from './node-user.bench.js';
import type { RulesResults } from './rules.bench.js';

/** All that one run of the benchmarks measured. */
export interface BenchResults extends Partial<RulesResults> {
  readonly schema: 1;
  /** quick: fewer rounds, one batch size, one thread; its ratios are rough. */
  readonly mode: 'quick' | 'full';
  /** 2026-01-31 */
  readonly date: string;
  readonly machine: Machine & {
    readonly isa: string;
    readonly threads: number;
    readonly onnxruntime: string;
  };
  /** How long it all took. */
  readonly seconds: number;
  readonly fusion: readonly FusionRow[];
  readonly models: readonly ModelRow[];
  readonly node: readonly NodeUserRow[];
  readonly layers: readonly ConvRow[];
}

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = path.join(root, 'bench/results');

/** Instruction sets by the width of their vectors. */
const ISAS = ['avx512', 'avx2', 'neon', 'baseline'];

/** @returns the path below the root that it was written to */
export function writeResults(results: BenchResults): string {
  const { cpu, isa } = results.machine;
  const machine = `${cpu} ${isa}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const name = `${results.date}-${machine.replace(/^-|-$/g, '')}.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), resultText(results));
  return path.posix.join('bench/results', name);
}

/** JSON with a line for each row: it is read by people too, and compared line by line. */
export function resultText(results: BenchResults): string {
  const fields = Object.entries(results).map(([key, value]: [string, unknown]) => {
    if (!Array.isArray(value)) return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const rows = value.map((row) => `\n    ${JSON.stringify(row)}`).join(',');
    return `  ${JSON.stringify(key)}: [${rows}\n  ]`;
  });
  return `{\n${fields.join(',\n')}\n}\n`;
}

/** Results with the name of their file, and the page that is rendered from them. */
export interface LatestResults {
  readonly file: string;
  readonly results: BenchResults;
  /** Path below the root. */
  readonly page: string;
}

/** Of each instruction set the latest results by date; those of the widest have the main page. */
export function latestResults(): LatestResults[] {
  const latest = new Map<string, Omit<LatestResults, 'page'>>();
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.json')) continue;
    const results = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as BenchResults;
    latest.set(results.machine.isa, { file: `bench/results/${name}`, results });
  }
  const found = ISAS.filter((isa) => latest.has(isa));
  if (found.length === 0) throw new Error('no results in bench/results: npm run bench');
  return found.map((isa, i) => ({
    ...latest.get(isa)!,
    page: i === 0 ? 'docs/performance.md' : `docs/performance-${isa}.md`,
  }));
}

/** Writes a page below the root. */
export function writePage(page: string, text: string): void {
  writeFileSync(path.join(root, page), text);
}
