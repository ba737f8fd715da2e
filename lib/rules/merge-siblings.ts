import type { Editor } from '../ir/editor.js';
import type { Rewritten } from '../rewrite/rule.js';
import { noteFused } from './absorb.js';
import { mergeConstants } from './merge-constants.js';
import { biasName, mergedName } from './names.js';
import { placeBehind, replaceGroup, type SiblingMatch } from './siblings.js';

/**
 * Puts one layer in place of the group, with a Split behind it.
 *
 * @param weightAxis of the weight, and @param axis of the output, that count output channels
 */
export function rewriteSiblings(
  { layer, group }: SiblingMatch,
  edit: Editor,
  weightAxis: 0 | 1,
  axis: number,
): Rewritten {
  const like = group[0]!;
  const data = layer.input(0);
  const { weight, bias, sizes, check } = mergeConstants(group, weightAxis);
  const before = placeBehind(data, layer.graph, like);
  const w = like.input(1).name;
  const b = like.optionalInput(2)?.name ?? biasName(w);
  const inputs = [data, edit.constant(layer.graph, mergedName(w), weight, before)];
  if (bias !== undefined) inputs.push(edit.constant(layer.graph, mergedName(b), bias, before));
  const labels = group.map(({ label }) => label).join(', ');
  const into = replaceGroup(edit, group, { inputs, like, axis, sizes, before });
  noteFused(edit, into, labels);
  return { into, detail: `one layer in place of ${labels}`, check };
}
