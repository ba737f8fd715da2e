// npm run bench [-- [layers|fusion|models] [--quick] [--json] [--only REGEXP] [--out FILE]]

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { machine } from '#convfuse/api/machine.js';
import { selectBackend } from '#convfuse/backend/select.js';

import { benchConv2d, geomeans, type ConvRow } from './conv2d.bench.js';
import { benchFusion } from './fusion.bench.js';
import { benchModels } from './models.bench.js';
import { spread, table } from './print.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    out: { type: 'string' },
  },
});

const parts = positionals.length === 0 ? ['fusion', 'models', 'layers'] : positionals;
const quick = values.quick;
const print = values.json ? console.error : console.log;
const { isa, threads } = selectBackend('native');
const where = { ...machine(), isa, threads, date: new Date().toISOString().slice(0, 10) };
const results: Record<string, unknown> = { schema: 1, machine: where };
print(`${where.cpu}, ${where.cores} cores, ${isa}, ${threads} threads, Node ${where.node}\n`);

if (parts.includes('fusion')) {
  const rows = await benchFusion({ rounds: quick ? 3 : 9, milliseconds: quick ? 50 : 150 });
  results['fusion'] = rows;
  print('Fused against unfused, native against the TypeScript oracle:\n');
  print(
    table(
      ['layer', 'variant', 'ms (quartiles)', 'GFLOP/s', 'ratio to the first'],
      rows.map((row) => [
        row.layer,
        row.variant,
        spread(row.milliseconds),
        row.gflops.toFixed(1),
        spread(row.ratio),
      ]),
    ),
  );
}

if (parts.includes('models')) {
  const rows = await benchModels({ rounds: quick ? 3 : 7, milliseconds: quick ? 100 : 400 });
  results['models'] = rows;
  print('\nWhole networks, seeded weights:\n');
  print(
    table(
      ['network', 'variant', 'ms (quartiles)', 'images/s', 'ratio to the first'],
      rows.map((row) => [
        row.network,
        row.variant,
        spread(row.milliseconds),
        row.imagesPerSecond.toFixed(1),
        spread(row.ratio),
      ]),
    ),
  );
}

if (parts.includes('layers')) {
  const rows = await benchConv2d({
    batches: quick ? [1] : [1, 16],
    threads: quick ? [1] : [1, 2],
    rounds: quick ? 3 : 7,
    milliseconds: quick ? 30 : 60,
    only: values.only === undefined ? undefined : new RegExp(values.only),
    onRow: (row) => print(layerLine(row)),
  });
  results['layers'] = rows;
  print('\nGeometric means of the ratio to onnxruntime-node:\n');
  for (const batch of new Set(rows.map((row) => row.batch))) {
    for (const count of new Set(rows.map((row) => row.threads))) {
      const some = rows.filter((row) => row.batch === batch && row.threads === count);
      print(`batch ${batch}, ${count} threads`);
      print(
        table(
          ['group', 'strict', 'default', 'fast'],
          [...geomeans(some)].map(([group, means]) => [
            group,
            ...[...means.values()].map((mean) => mean.toFixed(2)),
          ]),
        ),
      );
    }
  }
}

const document = JSON.stringify(results, null, 2);
if (values.out !== undefined) writeFileSync(values.out, document + '\n');
if (values.json) console.log(document);

function layerLine(row: ConvRow): string {
  return [
    row.layer.padEnd(36),
    `b${row.batch} t${row.threads}`,
    row.engine.padEnd(16),
    `${row.milliseconds.median.toFixed(3)} ms`.padStart(11),
    `${row.gflops.toFixed(1)} GFLOP/s`.padStart(15),
    `x${spread(row.ratio)}`.padStart(18),
    row.relativeL2.toExponential(1),
    row.algorithm,
  ].join('  ');
}
