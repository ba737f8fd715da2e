// What fusing saves on one layer, and what the native backend saves over the TypeScript one.

import { measure, type Measurement, type Spread } from '#convfuse/api/measure.js';
import { batchNormMatrix, fuseConvBn } from '#convfuse/fold/fuse.js';
import { FusedConv2d } from '#convfuse/layers/fused-conv2d.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { relativeL2 } from '../test/helpers/bounds.js';
import { flops, layerData, readLayers, type Layer } from './layers.js';

export interface FusionRow {
  readonly layer: string;
  readonly batch: number;
  readonly variant: string;
  readonly milliseconds: Spread;
  readonly gflops: number;
  readonly ratio: Spread;
  /** Passes over memory, and the bytes that they read and write. */
  readonly launches: number;
  readonly trafficBytes: number;
}

export interface FusionBenchOptions {
  readonly rounds: number;
  readonly milliseconds: number;
}

/** Variants: three native passes, or one; then one image on either backend. */
export const UNFUSED = 'unfused: three native passes';
export const FUSED = 'fused';
export const TYPESCRIPT = 'fused, TypeScript oracle';
export const NATIVE = 'fused, native';

/** The classic layer at batch 16, and one of each kind at batch 1. */
const CASES = [
  ['resnet/stem 7x7/2 3-64 @256', 16],
  ['resnet18/res2 3x3 64 @56', 1],
  ['resnet50/res2 1x1 256-64 @56', 1],
  ['mobilenet/dw 3x3 144 @56', 1],
] as const;

export async function benchFusion(options: FusionBenchOptions): Promise<FusionRow[]> {
  const layers = readLayers();
  const rows: FusionRow[] = [];
  for (const [name, batch] of CASES) {
    const layer = layers.find((candidate) => candidate.name === name)!;
    rows.push(...(await benchLayer(layer, batch, options)));
  }
  return rows;
}

async function benchLayer(
  layer: Layer,
  batch: number,
  options: FusionBenchOptions,
): Promise<FusionRow[]> {
  const { weight, bias, x } = layerData(layer, batch);
  const bn = statistics(layer.oc);
  const fused = fuseConvBn({ weight, bias, groups: layer.groups }, bn);
  const geometry = { stride: layer.stride, padding: layer.pad, groups: layer.groups };
  const plain = new FusedConv2d({ weight, bias, ...geometry, backend: 'native' });
  const merged = { ...fused, ...geometry, activation: 'relu' } as const;
  const native = new FusedConv2d({ ...merged, backend: 'native' });
  const reference = new FusedConv2d({ ...merged, backend: 'reference' });

  // The passes that fusion saves, as kind to them as it gets: native, and into memory that is
  // warm. Batch norm and ReLU are convolutions of one tap per channel here.
  const affine = batchNormMatrix(bn);
  const matrix = affine.matrix.data as Float32Array;
  const scale = new Float32Array(layer.oc).map((_, c) => matrix[c * (layer.oc + 1)]!);
  const perChannel = (data: Float32Array) => ({
    weight: { type: 'float32' as const, data, dims: [layer.oc, 1, 1, 1] },
    groups: layer.oc,
    backend: 'native' as const,
  });
  const normalise = new FusedConv2d({ ...perChannel(scale), bias: affine.bias });
  const rectify = new FusedConv2d({
    ...perChannel(new Float32Array(layer.oc).fill(1)),
    activation: 'relu',
  });
  const y = plain.runSync(x);
  const buffer = () => ({ ...y, data: new Float32Array(y.data.length) });
  const [out, convolved, normalised] = [buffer(), buffer(), buffer()];
  const unfusedRun = (): Tensor => {
    plain.runSync(x, { out: convolved });
    normalise.runSync(convolved, { out: normalised });
    return rectify.runSync(normalised, { out });
  };
  const expected = Float32Array.from(unfusedRun().data as Float32Array);
  const error = relativeL2(native.runSync(x).data as Float32Array, expected);
  if (!(error < 1e-6)) throw new Error(`${layer.name}: fused differs by ${error}`);

  const fast = await measure(
    [
      { name: UNFUSED, run: unfusedRun },
      { name: FUSED, run: () => native.runSync(x, { out }) },
    ],
    options,
  );
  // One image is enough for the slow one.
  const image = {
    ...x,
    data: x.data.subarray(0, x.data.length / batch),
    dims: [1, ...x.dims.slice(1)],
  };
  const single = native.runSync(image);
  const slow = await measure(
    [
      { name: TYPESCRIPT, run: () => reference.runSync(image, { out: single }) },
      { name: NATIVE, run: () => native.runSync(image, { out: single }) },
    ],
    { ...options, rounds: 3 },
  );
  for (const conv of [plain, normalise, rectify, native, reference]) conv.dispose();
  const row = (images: number, passes: (name: string) => number) => {
    const [before, after] = [images * x.data.length, images * y.data.length].map((n) => n / batch);
    const weights = weight.data.length + bias.length;
    return ({ name, latency, ratio }: Measurement): FusionRow => ({
      layer: layer.name,
      batch: images,
      variant: name,
      milliseconds: latency,
      gflops: flops(layer, images) / latency.median / 1e6,
      ratio,
      launches: passes(name),
      // The convolution reads its input and writes its output; each further pass does both again.
      trafficBytes: 4 * (weights + before! + after! + 2 * after! * (passes(name) - 1)),
    });
  };
  return [
    ...fast.map(row(batch, (name) => (name === FUSED ? 1 : 3))),
    ...slow.map(row(1, () => 1)),
  ];
}

function statistics(channels: number) {
  const random = new Random(2);
  const vector = (around: number): Float32Array =>
    random.normals(channels).map((value) => around + 0.1 * value);
  return {
    weight: vector(1),
    bias: vector(0),
    runningMean: vector(0),
    runningVar: vector(1),
    eps: 1e-5,
  };
}
