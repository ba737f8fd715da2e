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
  notOverridable,
  notSpelledOut,
  oneFloatType,
} from './parameter-guards.js';
import { attributeRefusal } from './operators.js';
import { addedBytes } from './shared-merges.js';
import { ableSiblings, alone, inOrder, type Likeness } from './sibling-group.js';

/** A layer, and the others that read the same data. */
export interface SiblingMatch extends LayerMatch {
  /** All of them may be merged with the layer; it is among them. See inOrder. */
  readonly group: readonly Node[];
  /** One that may be merged, but with another geometry: for the report. */
  readonly unlike: Node | undefined;
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

/**
 * A layer whose data other layers of its kinds read as well. Those that fail a guard stay out of
 * the group; the layer itself is in it, and the rule's conditions judge it.
 */
export function matchSiblings(
  root: Node,
  facts: Facts,
  guards: readonly Condition<LayerMatch>[],
  likeness: Likeness,
): SiblingMatch | undefined {
  const found = findGroup(root, facts, guards, likeness);
  if (found === undefined) return undefined;
  // Attributes that are not known here cannot be asked for: the guards will say so.
  if (found.group.length === 1) return { ...alone(root), ...found };
  const mine = likeness(root, facts);
  const twins = (layer: Node) =>
    layer.is(root.opType) && likeness(layer, facts) === mine
      ? findGroup(layer, facts, guards, likeness)?.group
      : undefined;
  const parts = found.group.map((node) => ({ node }));
  return { ...alone(root), ...found, adds: addedBytes(parts, twins) };
}

function findGroup(
  root: Node,
  facts: Facts,
  guards: readonly Condition<LayerMatch>[],
  likeness: Likeness,
): { readonly group: readonly Node[]; readonly unlike: Node | undefined } | undefined {
  const able = ableSiblings(root, facts, guards);
  if (able === undefined) return undefined;
  const mine = attributeRefusal(root) === undefined ? likeness(root, facts) : undefined;
  const like = able.filter((node) => mine !== undefined && likeness(node, facts) === mine);
  return { group: inOrder([root, ...like]), unlike: able.find((node) => !like.includes(node)) };
}

/** The group has a second member: the guard that says what keeps two layers apart. */
export const equalSibling: Condition<SiblingMatch> = {
  name: 'equal-sibling',
  doc: 'Another layer on the same input is like it in everything but its weight and bias.',
  check({ layer, group, unlike }) {
    if (group.length > 1) return undefined;
    if (unlike === undefined) return noSibling(layer);
    const detail = `${nodeText(unlike)} reads the same input, but with another geometry or type`;
    return { reason: 'attribute', detail };
  },
};

export function noSibling(layer: Node): Refusal {
  const detail = `no other layer on the input of ${layer.label} can be merged`;
  return { reason: 'pattern', detail };
}
