import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { ActivationOption } from '../layers/activation-option.js';
import type { Step } from '../runtime/plan.js';
import type { Inference } from '../ops/infer.js';
import type { BackendChoice } from './backend-choice.js';
import type { LayerBench, VariantTimes } from './bench-report.js';
import { convLayer, type ConvLayer } from './conv-layers.js';
import { measure, type Measurement, type MeasureOptions } from './measure.js';
import type { SiteReport } from './report.js';
import { LayerPair, type Epilogue } from './layer-pair.js';

/** A kind of convolution in a fused model, with what was fused into it. */
export interface FusedLayer {
  /** The label, in the original model, of the first convolution of this kind. */
  readonly label: string;
  readonly layer: ConvLayer;
  readonly epilogue: Epilogue;
  readonly passes: readonly string[];
  /** The number of convolutions of this kind. */
  readonly count: number;
  /** Its batch size per image: above 1 where a model cuts images up. */
  readonly perImage: number;
}

/** The plan of a fused model, from which its layers are taken. */
export interface FusedPlan {
  readonly original: Graph;
  readonly steps: readonly Step[];
  readonly inference: Inference;
  readonly sites: readonly SiteReport[];
  /** Batch size that shapes were inferred for. */
  readonly images: number;
}

/** The convolutions of a plan, grouped by shape and kind. */
export function fusedLayers({
  original,
  steps,
  inference,
  sites,
  images,
}: FusedPlan): FusedLayer[] {
  const kinds = new Map<string, FusedLayer>();
  const folded = sites.filter(({ verdict, rule }) => verdict === 'fused' && /^fuse-/.test(rule));
  for (const step of steps) {
    const layer = convLayer(step.node, inference);
    const perImage = (layer?.dims[0] ?? 0) / images;
    if (layer === undefined || !Number.isInteger(perImage)) continue;
    const label = originalLabel(step.node, original, folded);
    const rules = folded.filter(({ into }) => into === label).map(({ rule }) => rule);
    const activation = activationOption(step);
    const before = rules.filter((rule) => /before|pad/.test(rule)).length;
    const residual = step.residual >= 0;
    const epilogue = { before, behind: rules.length - before, residual, activation };
    const passes = [
      ...rules,
      ...(residual ? ['add'] : []),
      ...(typeof activation === 'object' ? [activation.kind] : []),
    ];
    const { weight, bias, ...geometry } = layer.options;
    const key = JSON.stringify([layer.dims, weight.dims, bias === undefined, geometry, passes]);
    const known = kinds.get(key);
    kinds.set(
      key,
      known
        ? { ...known, count: known.count + 1 }
        : { label, layer, epilogue, passes, perImage, count: 1 },
    );
  }
  return [...kinds.values()];
}

/**
 * The label of a convolution in the original model. It may have changed: a convolution without a
 * name is called after its output, and it took over that of the last node fused into it.
 */
function originalLabel(node: Node, original: Graph, folded: readonly SiteReport[]): string {
  if (node.name !== '') return node.name;
  const producer = original.values.get(node.output(0).name)?.producer;
  const last = folded.find((site) => site.node === producer?.label);
  return last?.into ?? node.label;
}

function activationOption({ activation }: Step): ActivationOption | undefined {
  return activation === undefined || activation.kind === 'identity' ? undefined : activation;
}

/** Times one kind of layer at a batch size. undefined: a FusedConv2d cannot compute it. */
export async function benchLayer(
  { label, layer, epilogue, passes, count, perImage }: FusedLayer,
  batch: number,
  choice: BackendChoice & { readonly threads: number },
  options: MeasureOptions,
): Promise<LayerBench | undefined> {
  const dims = [batch * perImage, ...layer.dims.slice(1)];
  let pair: LayerPair;
  try {
    pair = new LayerPair({ ...layer, dims }, epilogue, choice);
  } catch (error) {
    if (error instanceof ConvfuseError && error.code === 'ERR_ARGUMENT') return undefined;
    throw error;
  }
  try {
    const fused = { name: 'fused', run: () => pair.runFused() };
    const unfused = { name: 'unfused', run: () => pair.runUnfused() };
    const results = await measure(passes.length === 0 ? [fused] : [unfused, fused], options);
    return {
      batch,
      threads: choice.threads,
      node: label,
      count,
      dims,
      weight: layer.options.weight.dims,
      algorithm: pair.algorithm,
      passes,
      variants: results.map((result) => variantTimes(result, batch)),
    };
  } finally {
    pair.dispose();
  }
}

export function variantTimes(
  { name, latency, p95, ratio }: Measurement,
  batch: number,
): VariantTimes {
  const imagesPerSecond = (batch * 1000) / latency.median;
  return { variant: name as VariantTimes['variant'], latency, p95, imagesPerSecond, ratio };
}
