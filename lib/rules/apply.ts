import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Tensor } from '../tensor/tensor.js';
import { biasName, foldedName } from './absorb.js';

/**
 * Gives a layer fresh constants. The old ones are never written to: others may share them, and
 * the editor's sweep takes what nobody reads any more.
 */
export function replaceConstants(
  edit: Editor,
  layer: Node,
  { weight, bias }: { readonly weight: Tensor | undefined; readonly bias: Tensor | undefined },
): void {
  const [x, w, b] = [layer.input(0), layer.input(1), layer.optionalInput(2)];
  const constant = (hint: string, tensor: Tensor): Value =>
    edit.constant(layer.graph, hint, tensor, layer);
  const newWeight = weight === undefined ? w : constant(foldedName(w.name), weight);
  const name = b === undefined ? biasName(w.name) : foldedName(b.name);
  const newBias = bias === undefined ? b : constant(name, bias);
  edit.setInputs(layer, newBias === undefined ? [x, newWeight] : [x, newWeight, newBias]);
  if (layer.is('Gemm')) {
    // Both went into the constants.
    edit.removeAttribute(layer, 'alpha');
    edit.removeAttribute(layer, 'beta');
  }
}
