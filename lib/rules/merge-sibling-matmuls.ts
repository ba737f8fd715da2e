import type { Node } from '../ir/node.js';
import { defineRule, type Condition, type Facts } from '../rewrite/rule.js';
import { rewriteSiblings } from './merge-siblings.js';
import {
  equalSibling,
  matchSiblings,
  SIBLING_GUARDS,
  SIBLING_PRODUCTS,
  type SiblingMatch,
} from './siblings.js';

/**
 * The axis of the output that has the columns of the weight; undefined where its number is unknown.
 */
function columnAxis(node: Node, facts: Facts): number | undefined {
  if (node.is('Gemm')) return 1;
  const rank = facts.dims(node.input(0))?.length;
  // A vector times a matrix is a vector.
  if (rank !== undefined) return Math.max(0, rank - 1);
  return node.opset >= 11 ? -1 : undefined;
}

const knownAxis: Condition<SiblingMatch> = {
  name: 'known-axis',
  doc: 'The rank of the output is known, or Split counts axes from the end: opset 11 and later.',
  check({ layer }, facts) {
    if (columnAxis(layer, facts) !== undefined) return undefined;
    const detail = `the rank of ${layer.label} is not known, and opset ${layer.opset} splits by number`;
    return { reason: 'shape', detail };
  },
};

export const mergeSiblingMatMuls = defineRule<SiblingMatch>({
  name: 'merge-sibling-matmuls',
  level: 'extended',
  deepestFirst: true,
  doc: 'x W1 + b1, x W2 + b2 = Split(x [W1, W2] + [b1, b2], last axis), for MatMul and Gemm alike',
  roots: ['MatMul', 'Gemm'],
  match: (node, facts) => matchSiblings(node, facts, SIBLING_PRODUCTS),
  conditions: [...SIBLING_GUARDS, equalSibling, knownAxis],
  rewrite(match, edit, facts) {
    const parts = match.group.map((node) => ({ node }));
    const axis = columnAxis(match.layer, facts)!;
    return rewriteSiblings({ parts, like: match.group[0]!, axis }, edit);
  },
  example: {
    before: 'y = MatMul(x, W1)\nz = MatMul(x, W2)',
    after: 'y_merged = MatMul(x, W1_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  },
});
