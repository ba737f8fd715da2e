// npm run bench [-- [fusion|models|node|layers|rules|render] [--quick] [--json] [--only REGEXP] [--out FILE]]
//
// All parts together write bench/results/<date>-<cpu>-<isa>.json and render docs/performance.md, or
// docs/performance-<isa>.md, from it; `render` renders the newest results again.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import * as ort from 'onnxruntime-node';

import { machine } from '#convfuse/api/machine.js';
import { selectBackend } from '#convfuse/backend/select.js';

import { benchConv2d } from './conv2d.bench.js';
import { benchFusion } from './fusion.bench.js';
import { benchModels } from './models.bench.js';
import { benchNodeUser } from './node-user.bench.js';
import {
  fusionTable,
  geomeanTables,
  layerLine,
  modelTable,
  nodeTable,
  rulesTables,
} from './print.js';
import { benchRules } from './rules.bench.js';
import { renderPages } from './render.js';
import {
  latestResults,
  resultText,
  writePage,
  writeResults,
  type BenchResults,
} from './results.js';

const PARTS = ['fusion', 'models', 'node', 'layers', 'rules'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    out: { type: 'string' },
  },
});

const { quick, only } = values;
const print = values.json ? console.error : console.log;

if (positionals.includes('render')) render();
else await run(positionals.length === 0 ? PARTS : positionals);

async function run(parts: readonly string[]): Promise<void> {
  const started = performance.now();
  const { isa, threads } = selectBackend('native');
  const onnxruntime = ort.env.versions.node ?? ort.env.versions.common;
  const where = { ...machine(), isa, threads, onnxruntime };
  print(`${where.cpu}, ${where.cores} cores, ${isa}, ${threads} threads, Node ${where.node}\n`);
  const part = async <T>(name: string, rows: () => Promise<T[]>): Promise<T[]> =>
    parts.includes(name) ? rows() : [];
  // A day is named by its date here: whoever reads it need not convert.
  const now = new Date();
  const date = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((number) => String(number).padStart(2, '0'))
    .join('-');
  const fusion = await part('fusion', () =>
    benchFusion({ rounds: quick ? 3 : 7, milliseconds: quick ? 50 : 150 }),
  );
  if (fusion.length > 0) print(fusionTable(fusion));
  const models = await part('models', () =>
    benchModels({ rounds: quick ? 3 : 7, milliseconds: quick ? 100 : 300 }),
  );
  if (models.length > 0) print(modelTable(models));
  const node = await part('node', () =>
    benchNodeUser({
      threads: quick ? [1] : [1, 2],
      rounds: quick ? 3 : 9,
      milliseconds: quick ? 100 : 300,
    }),
  );
  if (node.length > 0) print(nodeTable(node));
  const layers = await part('layers', () =>
    benchConv2d({
      batches: quick ? [1] : [1, 16],
      threads: quick ? [1] : [1, 2],
      rounds: quick ? 3 : 5,
      milliseconds: quick ? 30 : 50,
      only: only === undefined ? undefined : new RegExp(only),
      onRow: (row) => print(layerLine(row)),
    }),
  );
  if (layers.length > 0) print(geomeanTables(layers));
  const rules = parts.includes('rules')
    ? await benchRules({
        rounds: quick ? 3 : 5,
        megabytes: quick ? 20 : 100,
        nodes: quick ? [1000, 10_000] : [1000, 10_000, 100_000],
      })
    : undefined;
  if (rules !== undefined) print(rulesTables(rules));
  const seconds = (performance.now() - started) / 1000;
  print(`\n${seconds.toFixed(0)} s`);
  const results: BenchResults = {
    schema: 1,
    mode: quick ? 'quick' : 'full',
    date,
    machine: where,
    seconds,
    fusion,
    models,
    node,
    layers,
    ...rules,
  };
  if (values.json) console.log(resultText(results));
  if (values.out !== undefined) writeFileSync(values.out, resultText(results));
  // Results of a part alone are no page.
  else if (PARTS.every((name) => parts.includes(name)) && only === undefined) {
    print(`written: ${writeResults(results)}`);
    render();
  }
}

function render(): void {
  for (const { page, text } of renderPages(latestResults())) {
    writePage(page, text);
    print(`rendered: ${page}`);
  }
}
