import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Tensor } from '../tensor/tensor.js';
import type { BiasSum } from './guards.js';
import { biasName, foldedName } from './names.js';

interface NewConstants {
  /** undefined: the weight is kept. */
  readonly weight: Tensor | undefined;
  /** undefined: the bias is kept, or remains absent. */
  readonly bias: Tensor | undefined;
}

/**
 * Gives a layer new constants. The old ones are never written to, since others may share them; the
 * editor's sweep removes those that nobody reads any more.
 *
 * @param sum where given, its constant becomes the bias
 * @returns the layer, or the Gemm that replaces a MatMul, which cannot have a bias
 */
export function replaceConstants(
  edit: Editor,
  layer: Node,
  { weight, bias }: NewConstants,
  sum?: BiasSum,
): Node {
  if (sum !== undefined && bias !== undefined) {
    const { node, constant: old, constantIndex } = sum;
    const made = edit.constant(node.graph, foldedName(old.name), bias, node);
    edit.setInputs(node, node.inputs.with(constantIndex, made));
    return replaceConstants(edit, layer, { weight, bias: undefined });
  }
  const [x, w, b] = [layer.input(0), layer.input(1), layer.optionalInput(2)];
  const constant = (hint: string, tensor: Tensor): Value =>
    edit.constant(layer.graph, hint, tensor, layer);
  const newWeight = weight === undefined ? w : constant(foldedName(w.name), weight);
  const name = b === undefined ? biasName(w.name) : foldedName(b.name);
  const newBias = bias === undefined ? b : constant(name, bias);
  const inputs = newBias === undefined ? [x, newWeight] : [x, newWeight, newBias];
  if (layer.is('MatMul') && newBias !== undefined) return asGemm(edit, layer, inputs);
  edit.setInputs(layer, inputs);
  if (layer.is('Gemm')) {
    // The constants include both factors.
    edit.removeAttribute(layer, 'alpha');
    edit.removeAttribute(layer, 'beta');
  }
  return layer;
}

function asGemm(edit: Editor, matmul: Node, inputs: readonly Value[]): Node {
  const { name } = matmul;
  const gemm = edit.insertBefore(matmul, {
    opType: 'Gemm',
    name,
    inputs,
    outputs: [matmul.output(0)],
  });
  edit.remove(matmul);
  return gemm;
}
