import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { hasSingleUse } from '../ir/view.js';

/** The most leaves of a tree; real ones have a few. */
const MAX_LEAVES = 64;

/** Add and Sum nodes of which each inner one feeds only the next, as one sum of the leaves. */
export interface SumTree {
  readonly node: Node;
  readonly operands: readonly (SumTree | Value)[];
}

export function isSum(node: Node | undefined): node is Node {
  if (node === undefined || node.optionalOutput(0) === undefined) return false;
  const adds = node.is('Add') && node.inputs.length === 2;
  if (!adds && !node.is('Sum')) return false;
  return node.inputs.every((value) => value !== undefined);
}

/**
 * The sum that ends in a node; undefined where the node is part of a larger sum, or has too many
 * leaves.
 */
export function sumTree(root: Node): SumTree | undefined {
  if (!isSum(root)) return undefined;
  const output = root.output(0);
  if (isInner(output)) {
    const [reader] = output.uses.keys();
    if (isSum(reader) && reader.graph === root.graph) return undefined;
  }
  const tree = grow(root, MAX_LEAVES);
  return tree === undefined || leavesOf(tree).length > MAX_LEAVES ? undefined : tree;
}

/** Whether the only use of a value is as one operand of one node. */
export function isInner(value: Value): boolean {
  return value.uses.size === 1 && value.useCount === 1 && !value.isOutput;
}

function grow(node: Node, depth: number): SumTree | undefined {
  if (depth === 0) return undefined;
  const operands: (SumTree | Value)[] = [];
  for (const value of node.inputs as readonly Value[]) {
    const { producer } = value;
    const inner = hasSingleUse(value) && isSum(producer) && producer.graph === node.graph;
    const operand = inner ? grow(producer, depth - 1) : value;
    if (operand === undefined) return undefined;
    operands.push(operand);
  }
  return { node, operands };
}

function isTree(operand: SumTree | Value): operand is SumTree {
  return 'operands' in operand;
}

/** The leaves, in the order of the operands. */
export function leavesOf({ operands }: SumTree): Value[] {
  return operands.flatMap((operand) => (isTree(operand) ? leavesOf(operand) : [operand]));
}

/** The Add and Sum nodes, the root first. */
export function sumsOf({ node, operands }: SumTree): Node[] {
  return [node, ...operands.filter(isTree).flatMap(sumsOf)];
}

/**
 * Removes leaves from a sum. Nodes that are left with one operand are removed too; where that is
 * the root, the producer of its last operand takes over its output. At least one leaf must stay,
 * and be produced by a node of the graph.
 *
 * @param dropped indices of leaves
 * @returns the removed Add and Sum nodes
 */
export function dropLeaves(
  edit: Editor,
  tree: SumTree,
  dropped: ReadonlySet<number>,
): readonly Node[] {
  const gone: Node[] = [];
  let leaf = 0;
  const visit = ({ node, operands }: SumTree): Value | undefined => {
    const left = operands
      .map((operand) => {
        if (isTree(operand)) return visit(operand);
        return dropped.has(leaf++) ? undefined : operand;
      })
      .filter((value) => value !== undefined);
    if (left.length < 2) {
      gone.push(node);
      return left[0];
    }
    edit.setInputs(node, left);
    return node.output(0);
  };
  const result = visit(tree)!;
  for (const node of gone) edit.setInputs(node, []);
  if (gone.includes(tree.node)) {
    edit.takeOutput(
      result.producer!,
      result.producer!.outputs.indexOf(result),
      tree.node.output(0),
    );
  }
  for (const node of gone) edit.remove(node);
  return gone;
}
