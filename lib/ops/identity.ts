// Identity, and Dropout in inference, where it is an identity.

import type { Node } from '../ir/node.js';
import type { Operator, RunTensor, ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

function trains(node: Node, flag: RunTensor | undefined): boolean {
  if (node.opset >= 12) return flag?.data[0] === 1;
  return node.opset < 7 && node.attribute('is_test', 'int') === 0;
}

export const identities: readonly Operator[] = [
  operator('Identity', {
    view: true,
    infer: (_node, [x]): ValueFacts[] => [
      { type: x?.type, dims: x?.dims, constant: x?.constant, elements: x?.elements },
    ],
    evaluate: (call, inputs) => [required(call.node, inputs, 0)],
  }),
  operator('Dropout', {
    inputs: [1, 3],
    outputs: [1, 2],
    view: true,
    infer(node, [x]): ValueFacts[] {
      const y = { type: x?.type, dims: x?.dims };
      return [y, { ...y, type: node.opset < 10 ? y.type : 'bool' }];
    },
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      if (trains(node, inputs[2])) {
        throw nodeError(node, 'ERR_UNSUPPORTED', 'dropout in training mode is random');
      }
      if (node.optionalOutput(1) === undefined) return [x];
      // Nothing is dropped: the mask is all ones, a boolean from opset 10 on.
      const type = node.opset < 10 ? x.type : 'bool';
      const data = call.allocate(type, x.dims) as Float32Array;
      data.fill(1);
      return [x, { type, dims: x.dims, data }];
    },
  }),
];
