// What a Node user sees of one convolution + bias + ReLU: convfuse in each precision against
// onnxruntime-node, in one process, in turns. Results are compared with the oracle before they
// are timed.

import { measure, type Spread } from '#convfuse/api/measure.js';
import { FusedConv2d } from '#convfuse/layers/fused-conv2d.js';

import { relativeL2 } from '../test/helpers/bounds.js';
import { flops, layerData, readLayers, type Layer } from './layers.js';
import { createPeer } from './peer.js';

const PRECISIONS = ['strict', 'default', 'fast', 'bfloat16'] as const;

/** Largest relative L2 distance from the oracle in each mode: see docs/numerics.md. */
const LIMITS = { strict: 4e-7, default: 1e-6, fast: 4e-6, bfloat16: 5e-3 } as const;

export interface ConvRow {
  readonly layer: string;
  readonly group: string;
  readonly batch: number;
  readonly threads: number;
  readonly engine: string;
  readonly algorithm: string;
  readonly milliseconds: Spread;
  readonly gflops: number;
  /** Speed relative to onnxruntime-node: its time divided by this one's. */
  readonly ratio: Spread;
  readonly relativeL2: number;
}

export interface ConvBenchOptions {
  readonly batches: readonly number[];
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly milliseconds: number;
  readonly only?: RegExp | undefined;
  readonly onRow?: (row: ConvRow) => void;
}

/** One precision, ready to be timed. */
interface Candidate {
  readonly precision: Precision;
  readonly conv: FusedConv2d;
  readonly error: number;
  readonly run: () => unknown;
}

export async function benchConv2d(options: ConvBenchOptions): Promise<ConvRow[]> {
  const rows: ConvRow[] = [];
  const layers = readLayers().filter(({ name }) => options.only?.test(name) ?? true);
  for (const layer of layers) {
    const expected = firstImage(layer);
    for (const batch of options.batches) {
      for (const threads of options.threads) {
        for (const row of await benchLayer(layer, expected, batch, threads, options)) {
          rows.push(row);
          options.onRow?.(row);
        }
      }
    }
  }
  return rows;
}

/** What the oracle makes of one image; it is the first of every batch. All run the same code. */
function firstImage(layer: Layer): Float32Array {
  const { weight, bias, x } = layerData(layer, 1);
  const { stride, pad: padding, groups } = layer;
  const geometry = { stride, padding, groups, activation: 'relu' } as const;
  const oracle = new FusedConv2d({ weight, bias, ...geometry, backend: 'reference' });
  return oracle.runSync(x).data as Float32Array;
}

async function benchLayer(
  layer: Layer,
  expected: Float32Array,
  batch: number,
  threads: number,
  options: ConvBenchOptions,
): Promise<ConvRow[]> {
  const data = layerData(layer, batch);
  const geometry = { stride: layer.stride, padding: layer.pad, groups: layer.groups };
  const create = (precision: Precision): FusedConv2d =>
    new FusedConv2d({
      weight: data.weight,
      bias: data.bias,
      ...geometry,
      activation: 'relu',
      backend: 'native',
      threads,
      precision,
    });
  const errorOf = (actual: Float32Array): number =>
    relativeL2(actual.subarray(0, expected.length), expected);

  const whole = await createPeer(layer, data, threads, false);
  const peerError = errorOf(await whole.run());
  await whole.release();
  const peer = await createPeer(layer, data, threads, true);
  const ours: Candidate[] = [];
  for (const precision of precisions()) {
    const conv = create(precision);
    const out = await conv.run(data.x);
    const error = errorOf(out.data as Float32Array);
    if (!(error <= LIMITS[precision])) {
      throw new Error(`${layer.name} ${precision}: relative L2 ${error}`);
    }
    ours.push({ precision, conv, error, run: () => conv.runSync(data.x, { out }) });
  }
  const results = await measure(
    [
      { name: 'onnxruntime-node', run: peer.run },
      ...ours.map(({ precision, run }) => ({ name: precision, run })),
    ],
    {
      rounds: options.rounds,
      milliseconds: options.milliseconds,
      // The pool of onnxruntime spins after a run.
      settle: threads > 1 ? 300 : 0,
    },
  );
  const rows = results.map(({ name, latency, ratio }, index) => {
    const own = ours[index - 1];
    return {
      layer: layer.name,
      group: layer.group,
      batch,
      threads,
      engine: name,
      algorithm: own?.conv.algorithm ?? '',
      milliseconds: latency,
      gflops: flops(layer, batch) / latency.median / 1e6,
      ratio,
      relativeL2: own?.error ?? peerError,
    };
  });
  await peer.release();
  for (const { conv } of ours) conv.dispose();
  return rows;
}

type Precision = (typeof PRECISIONS)[number];

/** Those that the CPU has: others are refused by name. */
function precisions(): readonly Precision[] {
  const weight = { type: 'float32', data: new Float32Array(1), dims: [1, 1, 1, 1] } as const;
  return PRECISIONS.filter((precision) => {
    try {
      new FusedConv2d({ weight, backend: 'native', precision }).dispose();
      return true;
    } catch (error) {
      if (precision !== 'bfloat16') throw error;
      return false;
    }
  });
}

/** The modes that rows are of. */
export function precisionsOf(rows: readonly ConvRow[]): readonly Precision[] {
  return PRECISIONS.filter((precision) => rows.some(({ engine }) => engine === precision));
}

/** Geometric means of the ratios, by group and over all layers. */
export function geomeans(rows: readonly ConvRow[]): Map<string, Map<string, number>> {
  const table = new Map<string, Map<string, number>>();
  const groups = [...new Set(rows.map(({ group }) => group)), 'all'];
  for (const group of groups) {
    const means = new Map<string, number>();
    for (const precision of precisionsOf(rows)) {
      const ratios = rows
        .filter((row) => row.engine === precision && (group === 'all' || row.group === group))
        .map(({ ratio }) => Math.log(ratio.median));
      means.set(precision, Math.exp(ratios.reduce((a, b) => a + b, 0) / ratios.length));
    }
    table.set(group, means);
  }
  return table;
}
