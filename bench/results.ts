// Result files: bench/results/<date>-<cpu>.json, the source of docs/performance.md.

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

/** The page that is rendered from the newest results. */
export const PAGE = path.join(root, 'docs/performance.md');

/** @returns the path below the root that it was written to */
export function writeResults(results: BenchResults): string {
  const cpu = results.machine.cpu.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const name = `${results.date}-${cpu.replace(/^-|-$/g, '')}.json`;
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

/** The latest results by date, with the name of their file. */
export function newestResults(): { readonly file: string; readonly results: BenchResults } {
  const file = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .at(-1);
  if (file === undefined) throw new Error('no results in bench/results: npm run bench');
  const text = readFileSync(path.join(folder, file), 'utf8');
  return { file: `bench/results/${file}`, results: JSON.parse(text) as BenchResults };
}
