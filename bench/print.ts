// What the benchmarks print while they run.

import Table from 'cli-table3';

import { spreadText as spread } from '#convfuse/cli/text.js';

import { geomeans, precisionsOf, type ConvRow } from './conv2d.bench.js';
import type { FusionRow } from './fusion.bench.js';
import type { ModelRow } from './models.bench.js';
import type { NodeUserRow } from './node-user.bench.js';
import type { RulesResults } from './rules.bench.js';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const out = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) out.push([...row]);
  return out.toString();
}

export function fusionTable(rows: readonly FusionRow[]): string {
  const body = rows.map((row) => [
    `${row.layer} b${row.batch}`,
    row.variant,
    spread(row.milliseconds),
    row.gflops.toFixed(1),
    spread(row.ratio),
  ]);
  const head = ['layer', 'variant', 'ms (quartiles)', 'GFLOP/s', 'ratio to the first'];
  return `Fused against unfused, native against the TypeScript oracle:\n\n${table(head, body)}`;
}

export function modelTable(rows: readonly ModelRow[]): string {
  const body = rows.map((row) => [
    row.network,
    row.variant,
    spread(row.milliseconds),
    row.imagesPerSecond.toFixed(1),
    spread(row.ratio),
  ]);
  const head = ['network', 'variant', 'ms (quartiles)', 'images/s', 'ratio to the first'];
  return `\nWhole networks:\n\n${table(head, body)}`;
}

export function nodeTable(rows: readonly NodeUserRow[]): string {
  const body = rows.map((row) => [
    row.call,
    String(row.threads),
    spread(row.milliseconds),
    row.imagesPerSecond.toFixed(1),
    spread(row.ratio),
  ]);
  const head = ['call', 'threads', 'ms (quartiles)', 'images/s', 'ratio to the first'];
  return `\nOne layer as a Node program sees it:\n\n${table(head, body)}`;
}

export function rulesTables({ largeFiles, manyNodes }: RulesResults): string {
  const large = largeFiles.map((row) => [
    row.level,
    `${row.megabytes.toFixed(0)} MB, ${row.fused} rewrites`,
    spread(row.unchangedMilliseconds),
    spread(row.fusedMilliseconds),
    spread(row.ratio),
  ]);
  const many = manyNodes.map((row) => [
    row.form,
    String(row.nodes),
    spread(row.microsecondsPerNode),
    spread(row.ratio),
  ]);
  const largeHead = ['level', 'file', 'load + save, ms', 'load + fuse + save, ms', 'times as long'];
  const manyHead = ['nodes in a model', 'nodes', 'us a node', 'times the smallest'];
  return `\nWhat rewriting costs:\n\n${table(largeHead, large)}\n${table(manyHead, many)}`;
}

export function geomeanTables(rows: readonly ConvRow[]): string {
  const lines = ['\nGeometric means of the ratio to onnxruntime-node:\n'];
  for (const batch of new Set(rows.map((row) => row.batch))) {
    for (const count of new Set(rows.map((row) => row.threads))) {
      const some = rows.filter((row) => row.batch === batch && row.threads === count);
      const body = [...geomeans(some)].map(([group, means]) => [
        group,
        ...[...means.values()].map((mean) => mean.toFixed(2)),
      ]);
      lines.push(`batch ${batch}, ${count} threads`);
      lines.push(table(['group', ...precisionsOf(some)], body));
    }
  }
  return lines.join('\n');
}

export function layerLine(row: ConvRow): string {
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
