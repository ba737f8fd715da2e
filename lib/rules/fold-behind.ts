import { foldBias } from '../fold/fold-bias.js';
import type { ChannelAffine, Statistics } from '../fold/batch-norm.js';
import { batchNormAffine } from '../fold/batch-norm.js';
import { checkFold } from '../fold/check.js';
import { foldOutput, type Folded } from '../fold/fold-output.js';
import { isFoldRefusal, type FoldRefusal } from '../fold/refusal.js';
import { widen, type StoredArray } from '../fold/stored.js';
import type { Backend } from '../backend/backend.js';
import type { Constant } from '../ir/constant.js';
import type { Node } from '../ir/node.js';
import { constantOfValue } from '../ir/view.js';
import type { Refusal, SiteCheck } from '../rewrite/rule.js';
import type { FloatType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { biasOf, readLayer, type Layer } from './layer.js';

/** A layer's new constants. */
export interface FoldedLayer {
  /** undefined: the weight stays as it is. */
  readonly weight: Tensor | undefined;
  /** undefined: there was none, and none is needed. */
  readonly bias: Tensor | undefined;
  readonly detail: string | undefined;
  readonly check: (seed: number) => SiteCheck;
}

/**
 * Folds a map on a layer's output channels into its constants, without touching the graph.
 * Gemm's alpha goes into the weight, beta into the bias.
 */
export function foldBehind(
  backend: Backend,
  node: Node,
  map: Statistics | ChannelAffine,
): FoldedLayer | Refusal {
  const layer = readLayer(node);
  if ('reason' in layer) return layer;
  const affine = 'gamma' in map ? batchNormAffine(map) : map;
  if (isFoldRefusal(affine)) return affine;
  const weight = constantOfValue(node.input(1))!;
  const type = weight.type as FloatType;
  const bias = biasRows(layer);
  const folded = foldParts(backend, layer, weight, bias?.rows, affine);
  if (isFoldRefusal(folded)) return folded;
  const dims = bias?.dims ?? [layer.geometry.outputChannels];
  const stored: Tensor = { type, data: folded.bias, dims };
  const keptWeight = folded.weight === undefined;
  const needsBias = bias !== undefined || affine.mean.some(nonZero) || affine.shift.some(nonZero);
  return {
    weight: keptWeight ? undefined : { type, data: folded.weight, dims: weight.dims },
    bias: needsBias ? stored : undefined,
    detail: folded.detail,
    check: (seed) =>
      checkFold(
        {
          type,
          geometry: { ...layer.geometry, biasRows: rowsOf(dims) },
          before: { weight: () => read(weight), bias: bias?.rows, gain: layer.gain },
          after: { weight: folded.weight ?? read(weight), bias: folded.bias },
          map,
          side: 'output',
        },
        seed,
      ),
  };
}

type Parts = Omit<Folded, 'weight'> & { readonly weight: StoredArray | undefined };

function foldParts(
  backend: Backend,
  layer: Layer,
  weight: Constant,
  bias: Float64Array | undefined,
  affine: ChannelAffine,
): Parts | FoldRefusal {
  const type = weight.type as FloatType;
  if (layer.gain === 1 && affine.scale.every((s) => s === 1)) {
    // Nothing scales the weight, so that it stays shared; sums of one type cannot underflow.
    const folded = foldBias(type, bias, affine, new Float64Array(affine.scale.length));
    if (isFoldRefusal(folded)) return folded;
    return { weight: undefined, bias: folded.stored, detail: undefined };
  }
  const { gain, layout } = layer;
  return foldOutput(backend, { type, weight: read(weight), layout, bias, affine, gain });
}

/** The bias as doubles, one value per output channel in each row, with Gemm's beta in it. */
function biasRows(layer: Layer): { rows: Float64Array; dims: number[] } | undefined {
  const value = biasOf(layer.node);
  if (value === undefined) return undefined;
  const constant = constantOfValue(value)!;
  const { outputChannels } = layer.geometry;
  const stored = widen(constant.type as FloatType, read(constant));
  // All that broadcasts to [rows, M]: a scalar, [1], [M], [1, 1], [1, M], [R, 1], [R, M].
  const dims = constant.dims.length === 2 ? [constant.dims[0]!, outputChannels] : [outputChannels];
  const rows = new Float64Array(rowsOf(dims) * outputChannels);
  const repeat = rows.length / stored.length === outputChannels;
  for (let i = 0; i < rows.length; i++) {
    const at = repeat ? Math.floor(i / outputChannels) : i;
    rows[i] = layer.biasGain * stored[at]!;
  }
  return { rows, dims };
}

function rowsOf(dims: readonly number[]): number {
  return dims.length === 2 ? dims[0]! : 1;
}

function read(constant: Constant): StoredArray {
  return constant.read().data as StoredArray;
}

function nonZero(value: number): boolean {
  return value !== 0;
}
