import type { Condition, Facts, Refusal } from '../rewrite/rule.js';
import { elementBytes } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { layerWork, positionsOf, sumWork, weigh, type Positions, type Work } from './cost.js';
import { weightType } from './fold-branches.js';
import {
  branchShapes,
  longProduct,
  mergedGroups,
  mergedWindow,
  type Branch,
  type BranchMatch,
  type BranchShape,
} from './linear-branches.js';
import { perMatch } from './per-match.js';
import type { StageShape } from './stages.js';

/** The merged convolution must be faster than the branches and the additions between them. */
export const paysOff: Condition<BranchMatch> = {
  name: 'pays-off',
  doc: 'The cost model says that the one convolution takes less time than what it replaces.',
  check(match, facts) {
    const verdict = weighBranches(match, facts);
    return typeof verdict === 'string' ? undefined : verdict;
  },
};

/** @returns the costs before and after as text; a refusal where the merge does not pay */
export const weighBranches = perMatch((match: BranchMatch, facts: Facts): Refusal | string => {
  const shapes = branchShapes(match);
  const long = longProduct(shapes);
  if (long !== undefined) return long;
  const bytes = elementBytes(weightType(match));
  const { channels } = match.frame!;
  const { outputChannels } = shapes[0]!;
  const [groups, window] = [mergedGroups(match), mergedWindow(match)!];
  const merged = { inputChannels: channels, outputChannels, groups, window };
  return weigh(
    {
      before: (at) =>
        sumWork(
          ...shapes.flatMap((shape) => branchWork(shape, at, bytes, facts)),
          addsWork(shapes.length - 1, outputChannels * at.output, bytes),
        ),
      after: (at) => layerWork({ ...merged, transposed: false }, at, bytes),
    },
    branchPositions(match.branches, facts),
  );
});

/**
 * The cost of the additions. Each runs as part of a convolution, so it costs a reading of the other
 * operand, but no launch.
 */
function addsWork(count: number, elements: number, elementSize: number): Work {
  return { macs: 0, bytes: count * elements * elementSize, launches: 0 };
}

function branchWork(
  { stages }: BranchShape,
  at: Positions,
  elementSize: number,
  facts: Facts,
): Work[] {
  let { input } = at;
  return stages.map((stage, index) => {
    const known = positionsOf(stage.node, facts)?.output;
    const last = index === stages.length - 1;
    const output = last ? at.output : (known ?? Math.ceil(input / strideOf(stage)));
    const work = layerWork({ ...stage, transposed: false }, { input, output }, elementSize);
    input = output;
    return work;
  });
}

const strideOf = ({ window }: StageShape): number => elementCount(window.strides);

function branchPositions(branches: readonly Branch[], facts: Facts): Positions | undefined {
  const { stages } = branches.find((branch) => branch.stages.length > 0)!;
  const [first, last] = [stages[0]!, stages.at(-1)!];
  const [begin, end] = [positionsOf(first, facts), positionsOf(last, facts)];
  return begin && end && { input: begin.input, output: end.output };
}
