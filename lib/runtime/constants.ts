import type { Backend } from '../backend/backend.js';
import type { Constant } from '../ir/constant.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { evaluateNode } from '../ops/evaluate.js';
import type { Arithmetic, RunTensor } from '../ops/operator.js';
import { toRunTensor } from '../ops/run-tensor.js';

/** Where a planner gets constants from. */
export interface Constants {
  convert(constant: Constant): RunTensor;
  /** The tensor of an initializer. @throws ConvfuseError what Constant.read() throws */
  initializer(value: Value): RunTensor;
  /** A node's outputs for constant inputs. @throws ConvfuseError what its operator throws */
  fold(node: Node, inputs: readonly (RunTensor | undefined)[]): readonly RunTensor[];
}

const PLACEHOLDER: RunTensor = { type: 'float32', dims: [0], data: new Float32Array(0) };

/**
 * Marks values as constant without reading or computing them: for plans made only to count costs.
 */
export const PLACEHOLDERS: Constants = {
  convert: () => PLACEHOLDER,
  initializer: () => PLACEHOLDER,
  fold: (node) => node.outputs.map(() => PLACEHOLDER),
};

/**
 * The constants of a session, as tensors for its runs. Each is read or computed once for all plans:
 * a convolution recognises by the tensor's identity that its packed weights are still valid.
 */
export class ConstantStore implements Constants {
  readonly #arithmetic: Arithmetic;
  readonly #backend: Backend;
  readonly #tensors = new Map<Value, RunTensor>();
  readonly #folded = new Map<
    Node,
    { readonly inputs: readonly (RunTensor | undefined)[]; readonly outputs: readonly RunTensor[] }
  >();

  constructor(arithmetic: Arithmetic, backend: Backend) {
    this.#arithmetic = arithmetic;
    this.#backend = backend;
  }

  convert(constant: Constant): RunTensor {
    return toRunTensor(constant.read(), this.#arithmetic);
  }

  initializer(value: Value): RunTensor {
    const found = this.#tensors.get(value);
    if (found !== undefined) return found;
    const tensor = this.convert(value.initializer!);
    this.#tensors.set(value, tensor);
    return tensor;
  }

  fold(node: Node, inputs: readonly (RunTensor | undefined)[]): readonly RunTensor[] {
    const found = this.#folded.get(node);
    if (found?.inputs.every((tensor, i) => tensor?.data === inputs[i]?.data) === true) {
      return found.outputs;
    }
    const outputs = evaluateNode(node, inputs, this.#arithmetic, this.#backend);
    this.#folded.set(node, { inputs, outputs });
    return outputs;
  }
}
