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
  /** The layers that can be merged, this one included, in the order of inOrder(). */
  readonly group: readonly Node[];
  /** A layer that can be merged in principle but has another geometry, for the report. */
  readonly unlike: Node | undefined;
  /** The member at which a large group is merged, where that is another layer. */
  readonly leader?: Node | undefined;
}

/** Guards that each layer must pass on its own. */
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
 * Merged convolutions of g groups make [N, g, M1 / g + M2 / g, ...]. Separating the two outputs
 * would be exact, but copies all of them to save one launch and one reading of the input. By the
 * cost model that pays only for layers that make few channels out of many. And in depthwise layers,
 * which have one input channel per group, two outputs per group would rule out the depthwise
 * kernels of engines.
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

/** Convolutions that can be merged. */
export const SIBLING_CONVS: SiblingKind = {
  operators: ['Conv'],
  guards: SIBLING_CONV_GUARDS,
  likeness: convLikeness,
};

/** Matrix products that can be merged. */
export const SIBLING_PRODUCTS: SiblingKind = {
  operators: ['MatMul', 'Gemm'],
  guards: SIBLING_GUARDS,
  likeness: productLikeness,
};

/** A larger group is built only at its first member: at each of n members it would cost n * n. */
const MANY = 512;

/**
 * Matches a layer whose data other layers of its kind read too. Others that fail a guard are left
 * out of the group. The layer itself is always in it, and the rule's conditions judge it.
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

/**
 * The group of a layer. A layer that fails a guard is a group by itself, and that guard refuses it.
 */
function groupIn(index: SiblingIndex, layer: Node, facts: Facts): Node[] {
  const alike = [...index.alikeTo(layer, facts)];
  return alike.length === 0 ? [layer] : inOrder(alike);
}

/** Requires a second member of the group, and says what keeps the layers apart. */
export const equalSibling: Condition<SiblingMatch> = {
  name: 'equal-sibling',
  doc: 'Another layer on the same input equals this one in everything but weight and bias.',
  check({ layer, group, unlike, leader }) {
    if (group.length > 1) return undefined;
    if (leader !== undefined) {
      const detail = `${layer.label} belongs to the group of ${nodeText(leader)}, which has the verdict for all`;
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
