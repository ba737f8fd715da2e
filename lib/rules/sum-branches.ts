import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import { firstRefusal } from '../rewrite/conditions.js';
import type { Condition, Facts } from '../rewrite/rule.js';
import { withAdds } from './fold-branches.js';
import {
  BRANCH_GUARDS,
  branchShape,
  frameOf,
  outputKey,
  type Branch,
  type BranchMatch,
  type BranchShape,
} from './linear-branches.js';
import { parameterOf, parametersOf } from './parameter.js';
import { isStage } from './stages.js';
import { isInner, leavesOf, sumsOf, type SumTree } from './sum-tree.js';

/** Branches of a sum that read one value. */
export interface SumMatch extends BranchMatch {
  readonly tree: SumTree;
  /** Indices of the branches among the leaves of the tree. */
  readonly places: readonly number[];
}

/** A branch, and its index among the leaves of the tree. */
type Found = Branch & { readonly place: number; readonly source: Value };

/** The most stages of a branch; real branches have four at most. */
const MAX_STAGES = 6;

/**
 * Matches the branches of a sum that can be merged: those on one input that pass the guards one by
 * one and have outputs of equal size. Where there are no two of them, matches branches that only
 * resemble such, so that the guards report why they cannot be merged.
 */
export function matchSum(
  tree: SumTree,
  conditions: readonly Condition<SumMatch>[],
  facts: Facts,
): SumMatch | undefined {
  const strict = groupsOf(tree, false);
  const able = strict.flatMap((group) => alikeIn(tree, group, facts));
  const matches = able.map((group) => matchOf(tree, group));
  const passes = (match: SumMatch): boolean =>
    firstRefusal(conditions, (condition) => condition.check(match, facts)) === undefined;
  const found = matches.find(passes) ?? matches[0];
  if (found !== undefined) return found;
  const group = strict[0] ?? groupsOf(tree, true)[0];
  return group && matchOf(tree, group);
}

/**
 * Groups of two or more branches that read the same value, at least one of which has a convolution.
 */
function groupsOf(tree: SumTree, loose: boolean): Found[][] {
  const found = leavesOf(tree).map((leaf, place) => branchOf(leaf, place, tree.node, loose));
  return partition(found, ({ source }) => source).filter(isGroup);
}

/**
 * The branch that ends in a leaf. Where `loose`, its last node may have other readers or be in an
 * outer graph, so that a guard can report that.
 */
function branchOf(leaf: Value, place: number, { graph }: Node, loose: boolean): Found {
  const stages: Node[] = [];
  let source = leaf;
  while (stages.length < MAX_STAGES) {
    const { producer } = source;
    if (!isStage(producer)) break;
    if (!(isInner(source) && producer.graph === graph) && !(loose && stages.length === 0)) break;
    stages.unshift(producer);
    source = producer.input(0);
  }
  return { stages, leaf, place, source };
}

/** The subgroups of branches that pass the guards one by one and have outputs of equal size. */
function alikeIn(tree: SumTree, group: readonly Found[], facts: Facts): Found[][] {
  const frame = frameOf(group);
  if (frame === undefined) return [];
  const able = group.filter((branch) => {
    const match = matchOf(tree, [branch], frame);
    return firstRefusal(BRANCH_GUARDS, (guard) => guard.check(match, facts)) === undefined;
  });
  const keyOf = (branch: Branch): string => outputKey(branchShape(branch, frame) as BranchShape);
  return partition(able, keyOf).filter(isGroup);
}

function partition<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const parts = new Map<unknown, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [item]);
    else part.push(item);
  }
  return [...parts.values()];
}

function isGroup(group: readonly Branch[]): boolean {
  return group.length > 1 && group.some(({ stages }) => stages.some((node) => node.is('Conv')));
}

/** @param frame needed where the branches themselves do not imply it */
function matchOf(tree: SumTree, group: readonly Found[], frame = frameOf(group)): SumMatch {
  const stages = group.flatMap((branch) => branch.stages);
  const sums = sumsOf(tree);
  const match = {
    nodes: [...sums, ...stages],
    into: mainConv(stages) ?? tree.node,
    vanishing: [...stages, ...sums.slice(1)].map((node) => node.output(0)),
    parameters: stages.flatMap(parametersOf),
    source: group[0]!.source,
    branches: group,
    frame,
    tree,
    places: group.map(({ place }) => place),
  };
  return withAdds(match);
}

/**
 * The convolution that is kept: the one with the most taps, among equals with the most weights,
 * among equals the first.
 */
function mainConv(stages: readonly Node[]): Node | undefined {
  const dims = (node: Node): readonly number[] => parameterOf(node.input(1))?.dims ?? [];
  const isMore = (node: Node, other: Node): boolean => {
    const [taps, others] = [node, other].map((conv) => elementCount(dims(conv).slice(2)));
    if (taps !== others) return taps! > others!;
    return elementCount(dims(node)) > elementCount(dims(other));
  };
  const [first, ...rest] = stages.filter((node) => node.is('Conv'));
  return rest.reduce((best, node) => (best && isMore(node, best) ? node : best), first);
}
