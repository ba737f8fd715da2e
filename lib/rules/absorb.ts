import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';

/** The metadata key under which a layer lists the operators that were folded into it. */
export const FUSED_KEY = 'convfuse.fused';

/**
 * Takes out an operator behind another node, which keeps its name and makes the operator's
 * output, under the output's own name.
 */
export function absorbBehind(edit: Editor, node: Node, norm: Node): void {
  const output = norm.output(0);
  edit.setInputs(norm, []);
  edit.takeOutput(node, 0, output);
  edit.remove(norm);
}

/** Takes out an operator in front of a node, which reads the operator's input `data` instead. */
export function absorbBefore(edit: Editor, reader: Node, norm: Node, data: Value): void {
  edit.setInputs(reader, [data, ...reader.inputs.slice(1)]);
  edit.remove(norm);
}

/** Records what a layer took in, in metadata_props. */
export function noteFused(edit: Editor, layer: Node, label: string): void {
  const earlier = layer.notes.get(FUSED_KEY);
  edit.note(layer, FUSED_KEY, earlier === undefined ? label : `${earlier}, ${label}`);
}
