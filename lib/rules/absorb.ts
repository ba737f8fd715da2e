import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';

/** The metadata key under which a layer lists the operators that were folded into it. */
export const FUSED_KEY = 'convfuse.fused';

/**
 * Takes out an operator behind a layer: the layer keeps its name and makes the operator's output,
 * under the output's own name.
 */
export function absorbBehind(edit: Editor, layer: Node, norm: Node): void {
  const output = norm.output(0);
  edit.setInputs(norm, []);
  edit.takeOutput(layer, 0, output);
  edit.remove(norm);
  noteFused(edit, layer, norm.label);
}

/** Records what a layer took in, in metadata_props. */
export function noteFused(edit: Editor, layer: Node, label: string): void {
  const earlier = layer.notes.get(FUSED_KEY);
  edit.note(layer, FUSED_KEY, earlier === undefined ? label : `${earlier}, ${label}`);
}

/** A name for what a weight becomes: its own, marked once however often it is folded. */
export function foldedName(name: string): string {
  return `${name.replace(/_fused(_\d+)?$/, '')}_fused`;
}

/** A name for the bias that a layer without one gets, after its weight: conv1.weight, conv1.bias. */
export function biasName(weight: string): string {
  const stem = weight.replace(/_fused(_\d+)?$/, '');
  return /weight$/i.test(stem) ? stem.replace(/weight$/i, 'bias') : `${stem}_bias`;
}
