import type { Node } from '../ir/node.js';
import { defineRule, type Condition } from '../rewrite/rule.js';
import { noteFused } from './absorb.js';
import { paysOff, weighBranches } from './branch-cost.js';
import { becomeMerged, foldBranches, withAdds } from './fold-branches.js';
import { frameOf, SEQUENCE_GUARDS, type BranchMatch } from './linear-branches.js';
import { parametersOf } from './parameter.js';
import { isStage } from './stages.js';

const CONDITIONS: readonly Condition<BranchMatch>[] = [...SEQUENCE_GUARDS, paysOff];

export const mergeConvSequence = defineRule<BranchMatch>({
  name: 'merge-conv-sequence',
  level: 'extended',
  doc: "Conv(Conv(x, W1, b1), W2, b2) = Conv(x, W', b'), W' = W2 W1 summed over the channels between, b' = b2 + sum W2 b1; one of the two is 1x1, and only a first without a bias may stand before pads",
  roots: ['Conv'],
  match(second) {
    const first = second.optionalInput(0)?.producer;
    if (!isStage(second) || first?.is('Conv') !== true || !isStage(first)) return undefined;
    const branches = [{ stages: [first, second], leaf: second.output(0) }];
    const match = {
      nodes: [first, second],
      into: second,
      vanishing: [first.output(0)],
      parameters: [first, second].flatMap(parametersOf),
      source: first.input(0),
      branches,
      frame: frameOf(branches),
    };
    return withAdds(match);
  },
  conditions: CONDITIONS,
  rewrite(match, edit, facts) {
    const [first, second] = match.nodes as [Node, Node];
    const folded = foldBranches(match);
    if ('reason' in folded) return folded;
    const numbers = weighBranches(match, facts);
    const { label } = first;
    becomeMerged(edit, second, match.source, folded);
    edit.remove(first);
    noteFused(edit, second, label);
    const detail = `the product of ${label} and ${second.label}: ${String(numbers)}`;
    return { into: second, detail, check: folded.check, taken: [first] };
  },
  example: {
    before: 'W1: float[4, 4, 1, 1]\ny = Conv(x, W1)\nz = Conv<pads = [1, 1, 1, 1]>(y, W2, b2)',
    after: 'z = Conv<pads = [1, 1, 1, 1]>(x, W2_merged, b2_merged)',
  },
});
