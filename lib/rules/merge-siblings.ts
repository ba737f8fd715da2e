import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Rewritten } from '../rewrite/rule.js';
import { noteFused } from './absorb.js';
import { outputAxis } from './layer.js';
import { mergeConstants, type LayerPart, type MergedConstants } from './merge-constants.js';
import { biasName, mergedName } from './names.js';
import { placeBehind, replaceGroup } from './replace-siblings.js';
import { shareConstants, sharedConstants, type SharedConstants } from './shared-merges.js';

/** A plan for merging layers into one. */
export interface MergePlan {
  /** The layers, in the order of their channels in the merged output. */
  readonly parts: readonly LayerPart[];
  /** The layer whose attributes the merged one gets. */
  readonly like: Node;
  /** The axis of the output that has the channels. */
  readonly axis: number;
  /** An addition to the site's detail. */
  readonly detail?: string;
}

/** Replaces several layers on one input by one layer with a Split behind it. */
export function rewriteSiblings(plan: MergePlan, edit: Editor): Rewritten {
  const { parts, like, axis } = plan;
  const group = parts.map(({ node }) => node);
  const { graph } = like;
  const data = like.input(0);
  const merged = mergeConstants(parts, outputAxis(like));
  const before = placeBehind(data, graph, group[0]!);
  const { weight, bias } = constantsFor(parts, merged, edit, before);
  const inputs = bias === undefined ? [data, weight] : [data, weight, bias];
  const labels = group.map(({ label }) => label).join(', ');
  const into = replaceGroup(edit, group, { inputs, like, axis, sizes: merged.sizes, before });
  noteFused(edit, into, labels);
  const detail = `one layer in place of ${labels}${plan.detail ? `: ${plan.detail}` : ''}`;
  return { into, detail, check: merged.check };
}

function constantsFor(
  parts: readonly LayerPart[],
  { weight, bias }: MergedConstants,
  edit: Editor,
  before: Node,
): SharedConstants {
  const shared = sharedConstants(parts);
  if (shared !== undefined) return shared;
  const [{ node: first }] = parts as [LayerPart];
  const w = first.input(1).name;
  const b = first.optionalInput(2)?.name ?? biasName(w);
  const made = {
    weight: edit.constant(first.graph, mergedName(w), weight, before),
    bias: bias && edit.constant(first.graph, mergedName(b), bias, before),
  };
  shareConstants(parts, made);
  return made;
}
