import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';

/** The metadata key under which a layer lists the operators that were folded into it. */
export const FUSED_KEY = 'convfuse.fused';

/**
 * Removes an operator behind another node, which keeps its name and then produces the operator's
 * output.
 */
export function absorbBehind(edit: Editor, node: Node, absorbed: Node): void {
  const output = absorbed.output(0);
  edit.setInputs(absorbed, []);
  edit.takeOutput(node, 0, output);
  edit.remove(absorbed);
}

/** Removes an operator in front of a node, which then reads the operator's input `data`. */
export function absorbBefore(edit: Editor, reader: Node, absorbed: Node, data: Value): void {
  edit.setInputs(reader, [data, ...reader.inputs.slice(1)]);
  edit.remove(absorbed);
}

/** Records in metadata_props which operator was folded into a layer. */
export function noteFused(edit: Editor, layer: Node, label: string): void {
  const earlier = layer.notes.get(FUSED_KEY);
  edit.note(layer, FUSED_KEY, earlier === undefined ? label : `${earlier}, ${label}`);
}
