import type { LayerBench, ModelBench, NetworkBench, VariantTimes } from '../index.js';
import { outColors, print } from './print.js';
import { tableText } from './table.js';
import { errorText, plural, safe, spreadText } from './text.js';

/** Prints the result of `bench` for one model. */
export function printBench(input: string, bench: ModelBench): void {
  const { machine, fused, verification, networks, layers } = bench;
  print(outColors.bold(safe(input)));
  print(`${machine.cpu}, ${machine.backend} ${machine.isa}, Node ${machine.node}`);
  print(
    `${plural(fused, 'site')} fused; ${verification.status}, ` +
      `relative L2 ${errorText(verification.relL2)}`,
  );
  print('');
  const timed = networks.filter(({ skipped }) => skipped === undefined);
  if (timed.length > 0) print(tableText(HEAD, timed.flatMap(networkRows), NUMBERS));
  for (const { batch, skipped } of networks) {
    if (skipped !== undefined) print(`batch ${batch} was not run: ${safe(skipped)}`);
  }
  print('');
  if (layers.length === 0) return;
  print('Layers, each alone; unfused as native passes into warm memory:');
  print(tableText(LAYER_HEAD, layers.map(layerRow), [1, 2, 4, 5, 6, 7, 8]));
  print('');
}

const HEAD = ['batch', 'threads', 'network', 'ms (quartiles)', 'p95', 'images/s', 'ratio'];
const NUMBERS = [0, 1, 3, 4, 5, 6];

function networkRows({ batch, threads, variants }: NetworkBench): string[][] {
  return variants.map((times) => [
    String(batch),
    String(threads),
    times.variant,
    spreadText(times.latency),
    times.p95.toFixed(2),
    times.imagesPerSecond.toFixed(1),
    spreadText(times.ratio),
  ]);
}

const LAYER_HEAD = [
  ...['layer', 'batch', 'threads', 'fused into it', 'ms unfused', 'fused', 'p95'],
  ...['images/s', 'ratio', 'algorithm'],
];

function layerRow(layer: LayerBench): string[] {
  const { batch, threads, node, count, passes, variants, algorithm } = layer;
  const fused = variants.at(-1)!;
  const unfused: VariantTimes | undefined = variants.at(-2);
  return [
    safe(node) + (count > 1 ? ` x ${count}` : ''),
    String(batch),
    String(threads),
    passes.map(shortPass).join(', ') || '-',
    unfused === undefined ? '-' : unfused.latency.median.toFixed(3),
    fused.latency.median.toFixed(3),
    fused.p95.toFixed(3),
    fused.imagesPerSecond.toFixed(0),
    unfused === undefined ? '-' : spreadText(fused.ratio),
    algorithm,
  ];
}

/** Shortens the name of a rule: `fuse-batch-norm-into-conv` becomes `batch-norm`. */
function shortPass(pass: string): string {
  return pass.replace(/^fuse-(.*?)-(?:into|before)-.*$/, '$1');
}
