import type { ChannelAffine, Statistics } from '../fold/batch-norm.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Facts, Refusal, Rewritten } from '../rewrite/rule.js';
import { absorbBehind, noteFused } from './absorb.js';
import { replaceConstants } from './apply.js';
import { batchNormParameters, readStatistics } from './batch-norm.js';
import { productBefore } from './channel-path.js';
import { withFoldAdds } from './fold-adds.js';
import { foldBehind } from './fold-behind.js';
import type { FoldMatch } from './guards.js';
import { biasOf } from './layer.js';

/** Matches a batch norm behind a layer of the given operator. */
export function matchBatchNormBehind(bn: Node, opType: string): FoldMatch | undefined {
  const producer = bn.optionalInput(0)?.producer;
  if (producer?.is(opType) !== true) return undefined;
  const match = behindLayer(bn, producer, batchNormParameters(bn));
  return match && withFoldAdds(match);
}

/** Matches a batch norm behind a matrix product, perhaps through Reshape and Transpose. */
export function matchBatchNormBehindProduct(bn: Node, opType: string): FoldMatch | undefined {
  const found = productBefore(bn, opType);
  const statistics = batchNormParameters(bn);
  if (found === undefined || statistics === undefined) return undefined;
  const { layer, via, sum } = found;
  const match = behindLayer(bn, layer, [...(sum ? [sum.constant] : []), ...statistics], via);
  return match && withFoldAdds({ ...match, sum });
}

/** Matches an operator that reads a layer's output, with the parameters of both. */
export function behindLayer(
  absorbed: Node,
  layer: Node,
  parameters: readonly Value[] | undefined,
  via: readonly Node[] = [],
): FoldMatch | undefined {
  const [output, weight] = [layer.optionalOutput(0), layer.optionalInput(1)];
  const incomplete =
    layer.optionalInput(0) === undefined || absorbed.optionalOutput(0) === undefined;
  if (incomplete || output === undefined || weight === undefined || parameters === undefined) {
    return undefined;
  }
  const bias = biasOf(layer);
  return {
    nodes: [layer, ...via, absorbed],
    into: layer,
    vanishing: [output, ...via.map((node) => node.output(0))],
    parameters: [weight, ...(bias === undefined ? [] : [bias]), ...parameters],
    layer,
    absorbed,
    via,
  };
}

/** Folds the map of an operator into the layer before it, and removes the operator. */
export function rewriteBehind(
  { layer, absorbed, via, sum }: FoldMatch,
  map: Statistics | ChannelAffine,
  edit: Editor,
  facts: Facts,
): Rewritten | Refusal {
  const folded = foldBehind(facts, layer, map, sum);
  if ('reason' in folded) return folded;
  const { label } = absorbed;
  const into = replaceConstants(edit, layer, folded, sum);
  absorbBehind(edit, via?.at(-1) ?? into, absorbed);
  noteFused(edit, into, label);
  return { into, check: folded.check, ...(folded.detail && { detail: folded.detail }) };
}

export function rewriteBatchNormBehind(
  match: FoldMatch,
  edit: Editor,
  facts: Facts,
): Rewritten | Refusal {
  return rewriteBehind(match, readStatistics(match.absorbed), edit, facts);
}
