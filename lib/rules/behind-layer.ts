import type { ChannelAffine, Statistics } from '../fold/batch-norm.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Facts, Refusal, Rewritten } from '../rewrite/rule.js';
import { absorbBehind } from './absorb.js';
import { replaceConstants } from './apply.js';
import { batchNormParameters, readStatistics } from './batch-norm.js';
import { foldBehind, type FoldedLayer } from './fold-behind.js';
import type { FoldMatch } from './guards.js';
import { biasOf } from './layer.js';

/** A batch norm behind a layer of one kind. */
export function matchBatchNormBehind(bn: Node, opType: string): FoldMatch | undefined {
  const producer = bn.optionalInput(0)?.producer;
  return producer?.is(opType) === true
    ? behindLayer(bn, producer, batchNormParameters(bn))
    : undefined;
}

/** An operator `norm` that reads a layer's output, with the parameters of both. */
export function behindLayer(
  norm: Node,
  layer: Node,
  parameters: readonly Value[] | undefined,
): FoldMatch | undefined {
  const [output, weight] = [layer.optionalOutput(0), layer.optionalInput(1)];
  const incomplete = layer.optionalInput(0) === undefined || norm.optionalOutput(0) === undefined;
  if (incomplete || output === undefined || weight === undefined || parameters === undefined) {
    return undefined;
  }
  const bias = biasOf(layer);
  return {
    nodes: [layer, norm],
    into: layer,
    vanishing: [output],
    parameters: [weight, ...(bias === undefined ? [] : [bias]), ...parameters],
    layer,
    norm,
  };
}

/** Folds the map of `norm` into the layer before it, and takes `norm` out. */
export function rewriteBehind(
  match: FoldMatch,
  map: Statistics | ChannelAffine,
  edit: Editor,
  facts: Facts,
): Rewritten | Refusal {
  const folded = foldBehind(facts.backend, match.layer, map);
  return 'reason' in folded ? folded : finishBehind(match, folded, edit);
}

/** Puts folded constants in, and takes `norm` out. */
export function finishBehind(
  { layer, norm }: FoldMatch,
  folded: FoldedLayer,
  edit: Editor,
): Rewritten {
  replaceConstants(edit, layer, folded);
  absorbBehind(edit, layer, norm);
  return { into: layer, check: folded.check, ...(folded.detail && { detail: folded.detail }) };
}

export function rewriteBatchNormBehind(
  match: FoldMatch,
  edit: Editor,
  facts: Facts,
): Rewritten | Refusal {
  return rewriteBehind(match, readStatistics(match.norm), edit, facts);
}
