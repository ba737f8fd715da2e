import { foldBias } from '../fold/fold-bias.js';
import type { ChannelAffine, Statistics } from '../fold/batch-norm.js';
import { batchNormAffine } from '../fold/batch-norm.js';
import { checkFold } from '../fold/check.js';
import { foldOutput, type Folded } from '../fold/fold-output.js';
import { isFoldRefusal, type FoldRefusal } from '../fold/refusal.js';
import type { StoredArray } from '../fold/stored.js';
import type { Constant } from '../ir/constant.js';
import type { Node } from '../ir/node.js';
import type { Room } from '../ir/room.js';
import type { Facts, Refusal, SiteCheck } from '../rewrite/rule.js';
import type { FloatType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { biasRows, rowCount, summedRows } from './bias-rows.js';
import type { BiasSum } from './guards.js';
import { readLayer, type Layer } from './layer.js';
import { parameterOf } from './parameter.js';

/** A layer's new constants. */
export interface FoldedLayer {
  /** undefined: the weight is kept. */
  readonly weight: Tensor | undefined;
  /** undefined: the layer has no bias and needs none. */
  readonly bias: Tensor | undefined;
  readonly detail: string | undefined;
  readonly check: (seed: number) => SiteCheck;
}

/**
 * Folds a map on a layer's output channels into its constants, without changing the graph. Gemm's
 * alpha is multiplied into the weight, beta into the bias. Where a `sum` is given, its constant is
 * the bias.
 */
export function foldBehind(
  facts: Facts,
  node: Node,
  map: Statistics | ChannelAffine,
  sum?: BiasSum,
): FoldedLayer | Refusal {
  const layer = readLayer(node);
  if ('reason' in layer) return layer;
  const affine = 'gamma' in map ? batchNormAffine(map) : map;
  if (isFoldRefusal(affine)) return affine;
  const weight = parameterOf(node.input(1))!;
  const type = weight.type as FloatType;
  const bias = sum === undefined ? biasRows(layer) : summedRows(layer, sum);
  const folded = foldParts(facts, layer, weight, bias?.rows, affine);
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
          geometry: { ...layer.geometry, biasRows: rowCount(dims) },
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
  { backend, room }: Facts,
  layer: Layer,
  weight: Constant,
  bias: Float64Array | undefined,
  affine: ChannelAffine,
): Parts | FoldRefusal {
  const type = weight.type as FloatType;
  if (layer.gain === 1 && affine.scale.every((s) => s === 1)) {
    // A weight that is not scaled is kept and may stay shared. Sums of numbers of one type do not
    // underflow, so losses need no check.
    const folded = foldBias(type, bias, affine, new Float64Array(affine.scale.length));
    if (isFoldRefusal(folded)) return folded;
    return { weight: undefined, bias: folded.stored, detail: undefined };
  }
  const { gain, layout } = layer;
  return foldOutput(backend, { type, weight: read(weight, room), layout, bias, affine, gain });
}

function read(constant: Constant, room?: Room): StoredArray {
  return constant.read(room).data as StoredArray;
}

function nonZero(value: number): boolean {
  return value !== 0;
}
