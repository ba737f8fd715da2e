// Whole networks: what fusing saves, how long proving it takes, and onnxruntime-node beside it.

import * as ort from 'onnxruntime-node';

import { measure, ratioOf, type Spread } from '#convfuse/api/measure.js';
import { fuseModel } from '#convfuse/api/fuse.js';
import { loadModel } from '#convfuse/api/load.js';
import { encodeModel } from '#convfuse/api/encode.js';
import { InferenceSession } from '#convfuse/api/session.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';

import { relativeL2 } from '../test/helpers/bounds.js';
import { subjects, type Subject } from './subjects.js';

export interface ModelRow {
  readonly network: string;
  readonly variant: string;
  readonly milliseconds: Spread;
  readonly imagesPerSecond: number;
  readonly ratio: Spread;
  /** Steps of our plan, and the bytes that they read and write; not known of others. */
  readonly launches: number | undefined;
  readonly trafficBytes: number | undefined;
  /** Time of onnxruntime-node divided by this one's. */
  readonly peerRatio: Spread;
  /** Seconds that fusing and proving took. */
  readonly proving: number;
}

export interface ModelBenchOptions {
  readonly rounds: number;
  readonly milliseconds: number;
}

export async function benchModels(options: ModelBenchOptions): Promise<ModelRow[]> {
  const rows: ModelRow[] = [];
  for (const subject of await subjects()) rows.push(...(await benchModel(subject, options)));
  return rows;
}

const DISTANCE = {
  relative: relativeL2,
  absolute: (actual: Float32Array, expected: Float32Array): number =>
    expected.reduce((worst, value, i) => Math.max(worst, Math.abs(actual[i]! - value)), 0),
} as const;

async function benchModel(
  { name, bytes, dims, compared }: Subject,
  options: ModelBenchOptions,
): Promise<ModelRow[]> {
  const original = await loadModel(bytes);
  const started = performance.now();
  const { model, report } = await fuseModel(original, { verify: { inputShapes: { x: dims } } });
  const proving = performance.now() - started;
  console.error(
    `${name}: ${report.sites.length} sites, verified in ` +
      `${(report.milliseconds.verify / 1000).toFixed(2)} s of ${(proving / 1000).toFixed(2)} s, ` +
      `relative L2 ${report.verification.relL2?.toExponential(1)}`,
  );
  const data = new Random(3).normals(elementCount(dims));
  const feeds = { x: { type: 'float32' as const, data, dims } };
  const unfused = await InferenceSession.create(original, { backend: 'native' });
  const fused = await InferenceSession.create(model, { backend: 'native' });
  const peer = await ort.InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const peerFeeds = { x: new ort.Tensor('float32', data, dims) };
  const first = (results: Readonly<Record<string, { data: unknown }>>): Float32Array =>
    Object.values(results)[0]!.data as Float32Array;
  const expected = first(await peer.run(peerFeeds));
  const error = DISTANCE[compared](first(await fused.run(feeds)), expected);
  if (!(error < 1e-4)) throw new Error(`${name}: differs from onnxruntime by ${error}`);
  const results = await measure(
    [
      { name: 'unfused', run: () => unfused.run(feeds) },
      { name: 'fused', run: () => fused.run(feeds) },
      { name: 'onnxruntime-node', run: () => peer.run(peerFeeds) },
    ],
    { ...options, settle: 300 },
  );
  await peer.release();
  const plans = new Map([
    ['unfused', report.before],
    ['fused', report.after],
  ]);
  const rival = results.at(-1)!;
  return results.map(({ name: variant, latency, ratio, rounds }) => ({
    network: name,
    variant,
    milliseconds: latency,
    imagesPerSecond: 1000 / latency.median,
    ratio,
    peerRatio: ratioOf(rival.rounds, rounds),
    launches: plans.get(variant)?.launches,
    trafficBytes: plans.get(variant)?.trafficBytes,
    proving: proving / 1000,
  }));
}
