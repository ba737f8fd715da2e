import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import {
  defineRule,
  type Condition,
  type Facts,
  type Refusal,
  type Rewritten,
} from '../rewrite/rule.js';
import { noteFused } from './absorb.js';
import { paysOff, weighBranches } from './branch-cost.js';
import { becomeMerged, foldBranches } from './fold-branches.js';
import { BRANCH_GUARDS, branchShapes, outputKey } from './linear-branches.js';
import { matchSum, type SumMatch } from './sum-branches.js';
import { dropLeaves, sumTree } from './sum-tree.js';

const equalOutputs: Condition<SumMatch> = {
  name: 'equal-outputs',
  doc: 'All branches have the same strides and make outputs of the same size and channels.',
  check(match) {
    const keys = new Set(branchShapes(match).map(outputKey));
    if (keys.size === 1) return undefined;
    const labels = match.branches.map(({ leaf }) => leaf.name).join(', ');
    const detail = `strides, sizes or channels of ${labels} differ`;
    return { reason: 'attribute', detail };
  },
};

const CONDITIONS: readonly Condition<SumMatch>[] = [...BRANCH_GUARDS, equalOutputs, paysOff];

export const mergeParallelConvSum = defineRule<SumMatch>({
  name: 'merge-parallel-conv-sum',
  level: 'extended',
  doc: "Conv(x, W1, b1) + Conv(x, W2, b2) + ... = Conv(x, W', b'), kernels padded with zeros until their taps meet, W' = W1 + W2 + ..., b' = b1 + b2 + ...; BN(x), x itself and AveragePool(x) are branches too, with one tap, or 1 / taps, on the diagonal",
  roots: ['Add', 'Sum'],
  match(root, facts) {
    const tree = sumTree(root);
    return tree && matchSum(tree, CONDITIONS, facts);
  },
  conditions: CONDITIONS,
  rewrite,
  example: {
    before:
      'a = Conv<pads = [1, 1, 1, 1]>(x, W, b)\ni = BatchNormalization(x, scale, B, mean, var)\ny = Add(a, i)',
    after: 'y = Conv<pads = [1, 1, 1, 1]>(x, W_merged, b_merged)',
  },
});

function rewrite(match: SumMatch, edit: Editor, facts: Facts): Rewritten | Refusal {
  const { into: conv, source, branches, places, tree } = match;
  const folded = foldBranches(match);
  if ('reason' in folded) return folded;
  const numbers = weighBranches(match, facts);
  const main = branches.findIndex(({ stages }) => stages.includes(conv));
  const taken = branches.flatMap(({ stages }) => stages).filter((node) => node !== conv);
  const labels = branches.map(({ stages, leaf }) => stages.at(-1)?.label ?? leaf.name).join(', ');
  becomeMerged(edit, conv, source, folded);
  takeChain(edit, branches[main]!.stages, conv);
  const sums = dropLeaves(edit, tree, new Set(places.filter((_, at) => at !== main)));
  for (const [at, { stages }] of branches.entries()) {
    if (at !== main) for (const node of stages.toReversed()) edit.remove(node);
  }
  noteFused(edit, conv, labels);
  const detail = `one convolution in place of ${labels}: ${String(numbers)}`;
  return { into: conv, detail, check: folded.check, taken: [...taken, ...sums] };
}

/**
 * Makes a convolution produce the output of its branch, and removes the other stages of the branch.
 */
function takeChain(edit: Editor, stages: readonly Node[], conv: Node): void {
  const leaf = stages.at(-1)!.output(0);
  const at = stages.indexOf(conv);
  const behind = stages.slice(at + 1);
  for (const node of behind) edit.setInputs(node, []);
  if (behind.length > 0) edit.takeOutput(conv, 0, leaf);
  for (const node of behind) edit.remove(node);
  for (const node of stages.slice(0, at).toReversed()) edit.remove(node);
}
