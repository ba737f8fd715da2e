// Models of one node on inputs of any types.

import type { DataType, TensorData } from '#convfuse/tensor/dtype.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import type { Outputs } from './judge.js';
import { modelBytes, node, tensor, type AttributeSpec } from './model-builder.js';

export interface OneNode {
  /** With its domain, as in 'my.domain::Op'. */
  readonly op: string;
  readonly opset: number;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** x0, x1 ...; undefined for those left out. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Inputs that are initializers: all from this one on. */
  readonly constant?: number;
  /** Types of y0, y1 ...; undefined for those left out. Default: one of the first input's type. */
  readonly outputs?: readonly (DataType | undefined)[];
}

function givenInputs({ inputs }: OneNode): { readonly input: Tensor; readonly i: number }[] {
  return inputs.flatMap((input, i) => (input === undefined ? [] : [{ input, i }]));
}

/** @param declared whether the file says which dimensions its inputs have */
export function oneNodeModel(spec: OneNode, declared: boolean): Uint8Array<ArrayBuffer> {
  const { op, opset, attributes = {}, inputs, constant = Infinity } = spec;
  const { outputs = [inputs[0]!.type] } = spec;
  const given = givenInputs(spec);
  return modelBytes({
    irVersion: 10,
    opset,
    ...(op.includes('::') ? { opsets: { [op.split('::')[0]!]: 1 } } : {}),
    inputs: given
      .filter(({ i }) => i < constant)
      .map(({ input: { dims, type }, i }) => [
        `x${i}`,
        declared ? dims : dims.map(() => undefined),
        type,
      ]),
    initializers: given
      .filter(({ i }) => i >= constant)
      .map(({ input: { dims, data, type }, i }) =>
        tensor(`x${i}`, dims, data as Exclude<TensorData, readonly string[]>, type),
      ),
    outputs: outputs.flatMap((type, i) => (type ? [[`y${i}`, undefined, type] as const] : [])),
    nodes: [
      node(
        op,
        inputs.map((input, i) => (input === undefined ? '' : `x${i}`)),
        outputs.map((type, i) => (type === undefined ? '' : `y${i}`)),
        attributes,
      ),
    ],
  });
}

/** What the model is fed. */
export function feedsOf(spec: OneNode): Outputs {
  const { constant = Infinity } = spec;
  const fed = givenInputs(spec).filter(({ i }) => i < constant);
  return Object.fromEntries(fed.map(({ input, i }) => [`x${i}`, input]));
}
