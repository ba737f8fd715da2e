import type { Node } from '../ir/node.js';
import { noExtraOutputs, notPinned, nodeText } from '../rewrite/conditions.js';
import type { Condition, Facts, Refusal } from '../rewrite/rule.js';
import {
  gemmBroadcast,
  knownAttributes,
  knownOpset,
  layerShapes,
  type LayerMatch,
} from './guards.js';
import {
  constantParameters,
  finiteConstants,
  notOverridable,
  notSpelledOut,
  oneFloatType,
} from './parameter-guards.js';
import { addedBytes } from './shared-merges.js';
import { convLikeness, productLikeness } from './likeness.js';
import { inOrder } from './sibling-group.js';
import { alone, siblingIndex, type SiblingIndex, type SiblingKind } from './sibling-index.js';

/** A layer, and the others that read the same data. */
export interface SiblingMatch extends LayerMatch {
  /** All of them may be merged with the layer; it is among them. See inOrder. */
  readonly group: readonly Node[];
  /** One that may be merged, but with another geometry: for the report. */
  readonly unlike: Node | undefined;
  /** The one that stands for a large group, where that is another. */
  readonly leader?: Node | undefined;
}

/** What a layer asks for by itself. */
export const SIBLING_GUARDS: readonly Condition<LayerMatch>[] = [
  noExtraOutputs,
  knownOpset,
  knownAttributes,
  notPinned,
  notOverridable,
  constantParameters,
  oneFloatType,
  notSpelledOut,
  layerShapes,
  gemmBroadcast,
  finiteConstants,
];

/**
 * Merged convolutions of g groups make [N, g, M1 / g + M2 / g, ...]. To take that apart is exact, but
 * a copy of all outputs, and what it buys is one launch and one reading of the input: by the cost
 * model two layers pay only where they make few channels out of many. And where each group has one
 * input channel, two outputs of a group would leave the depthwise kernels that engines have for one.
 */
const oneGroup: Condition<LayerMatch> = {
  name: 'one-group',
  doc: 'The convolution has one group: with more, outputs would interleave group by group, and a copy that puts them in order again takes longer than a second layer.',
  check({ layer }) {
    const groups = layer.attribute('group', 'int') ?? 1;
    if (groups === 1) return undefined;
    const detail = `${layer.label} has ${groups} groups: merged outputs would interleave, and putting them in order copies all of them`;
    return { reason: 'attribute', detail };
  },
};

export const SIBLING_CONV_GUARDS: readonly Condition<LayerMatch>[] = [...SIBLING_GUARDS, oneGroup];

/** Convolutions that may be one. */
export const SIBLING_CONVS: SiblingKind = {
  operators: ['Conv'],
  guards: SIBLING_CONV_GUARDS,
  likeness: convLikeness,
};

/** Matrix products that may be one. */
export const SIBLING_PRODUCTS: SiblingKind = {
  operators: ['MatMul', 'Gemm'],
  guards: SIBLING_GUARDS,
  likeness: productLikeness,
};

/** A group as large as this is put together at its first member alone: n times n otherwise. */
const MANY = 512;

/**
 * A layer whose data other layers of its kinds read as well. Those that fail a guard stay out of
 * the group; the layer itself is in it, and the rule's conditions judge it.
 */
export function matchSiblings(
  root: Node,
  facts: Facts,
  kind: SiblingKind,
): SiblingMatch | undefined {
  const index = siblingIndex(root, facts, kind);
  if (index === undefined) return undefined;
  const [unlike] = index.unlike(root, facts);
  if (index.countAlike(root) > MANY) {
    const [leader] = index.alikeTo(root, facts);
    if (leader !== root) return { ...alone(root), group: [root], unlike, leader };
  }
  const group = groupIn(index, root, facts);
  if (group.length === 1) return { ...alone(root), group, unlike };
  const mine = kind.likeness(root);
  const twins = (layer: Node): readonly Node[] | undefined => {
    if (!layer.is(root.opType) || kind.likeness(layer) !== mine) return undefined;
    const other = siblingIndex(layer, facts, kind);
    return other && groupIn(other, layer, facts);
  };
  const parts = group.map((node) => ({ node }));
  return { ...alone(root), group, unlike, adds: addedBytes(parts, twins) };
}

/** A layer that fails a guard is its own group: the guard will say so. */
function groupIn(index: SiblingIndex, layer: Node, facts: Facts): Node[] {
  const alike = [...index.alikeTo(layer, facts)];
  return alike.length === 0 ? [layer] : inOrder(alike);
}

/** The group has a second member: the guard that says what keeps two layers apart. */
export const equalSibling: Condition<SiblingMatch> = {
  name: 'equal-sibling',
  doc: 'Another layer on the same input is like it in everything but its weight and bias.',
  check({ layer, group, unlike, leader }) {
    if (group.length > 1) return undefined;
    if (leader !== undefined) {
      const detail = `${layer.label} goes with ${nodeText(leader)}, where the verdict on all is`;
      return { reason: 'pattern', detail };
    }
    if (unlike === undefined) return noSibling(layer);
    const detail = `${nodeText(unlike)} reads the same input, but with another geometry or type`;
    return { reason: 'attribute', detail };
  },
};

export function noSibling(layer: Node): Refusal {
  const detail = `no other layer on the input of ${layer.label} can be merged`;
  return { reason: 'pattern', detail };
}
