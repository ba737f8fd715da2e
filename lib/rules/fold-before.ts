import { batchNormAffine, type ChannelAffine, type Statistics } from '../fold/batch-norm.js';
import { checkFold } from '../fold/check.js';
import { foldInput, inputShift } from '../fold/fold-input.js';
import { isFoldRefusal } from '../fold/refusal.js';
import type { StoredArray } from '../fold/stored.js';
import type { Node } from '../ir/node.js';
import type { Facts, Refusal } from '../rewrite/rule.js';
import { elementCount } from '../tensor/shape.js';
import type { FloatType } from '../tensor/dtype.js';
import { biasRows } from './bias-rows.js';
import type { FoldedLayer } from './fold-behind.js';
import { readLayer, type Layer } from './layer.js';
import { isUnpadded } from './window.js';
import { parameterOf } from './parameter.js';

/**
 * Folds a map on a layer's input channels into its constants, without changing the graph. Where the
 * map has fewer channels than the layer, as in front of a Flatten, each of its channels applies to
 * a run of the layer's. The layer pads the output of the map with zeros, so a padded layer only
 * takes maps of 0 to 0.
 */
export function foldBefore(
  { backend, room }: Facts,
  node: Node,
  given: Statistics | ChannelAffine,
): FoldedLayer | Refusal {
  const layer = readLayer(node);
  if ('reason' in layer) return layer;
  const map = spreadOver(given, layer.geometry.inputChannels);
  const affine = 'gamma' in map ? batchNormAffine(map) : map;
  if (isFoldRefusal(affine)) return affine;
  const { geometry, gain } = layer;
  const shifted = inputShift(affine).some((t) => t !== 0);
  if (shifted && !seesAllTaps(layer)) {
    const detail = `not every output of ${node.label} sees every tap, and a shift stands before it`;
    return { reason: 'padding', detail };
  }
  const weight = parameterOf(node.input(1))!;
  const type = weight.type as FloatType;
  const bias = biasRows(layer);
  const { inputChannels, outputChannels, groups, transposed, window } = geometry;
  if (bias !== undefined && bias.rows.length !== outputChannels) {
    return { reason: 'broadcast', detail: `the bias of ${node.label} differs from row to row` };
  }
  const folded = foldInput(backend, {
    type,
    weight: weight.read(room).data as StoredArray,
    transposed,
    groups,
    inputChannels,
    outputChannels,
    taps: elementCount(window.kernel),
    bias: bias?.rows,
    affine,
    gain,
  });
  if (isFoldRefusal(folded)) return folded;
  const dims = bias?.dims ?? [outputChannels];
  // A weight that is not scaled is kept, and may stay shared.
  const kept = gain === 1 && affine.scale.every((s) => s === 1);
  return {
    weight: kept ? undefined : { type, data: folded.weight, dims: weight.dims },
    bias: bias === undefined && !shifted ? undefined : { type, data: folded.bias, dims },
    detail: folded.detail,
    check: (seed) =>
      checkFold(
        {
          type,
          geometry,
          before: { weight: () => weight.read().data as StoredArray, bias: bias?.rows, gain },
          after: { weight: folded.weight, bias: folded.bias },
          map,
          side: 'input',
        },
        seed,
      ),
  };
}

/**
 * Whether a shift of the inputs amounts to one constant per output channel: without padding, and
 * for a transposed layer with a single tap and stride 1.
 */
function seesAllTaps({ node, geometry }: Layer): boolean {
  const { window, transposed } = geometry;
  if (!transposed || node.is('Gemm') || node.is('MatMul')) return isUnpadded(window);
  const resized = node.attributes.has('output_padding') || node.attributes.has('output_shape');
  return !resized && [...window.kernel, ...window.strides].every((size) => size === 1);
}

/** The map with each of its channels repeated, for `channels` in all. */
function spreadOver<M extends Statistics | ChannelAffine>(map: M, channels: number): M {
  const times = channels / map.mean.length;
  if (times === 1) return map;
  const lists = Object.entries(map).map(([name, list]: [string, Float64Array | number]) => [
    name,
    typeof list === 'number'
      ? list
      : new Float64Array(channels).map((_, i) => list[Math.floor(i / times)]!),
  ]);
  return Object.fromEntries(lists) as M;
}
