// IsNaN and IsInf: what kind of number an element is.

import type { Node } from '../ir/node.js';
import type { Operator, ValueFacts } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { operator } from './schema.js';

function classOf(
  opType: string,
  since: number,
  testOf: (node: Node) => (x: number) => boolean,
): Operator {
  return operator(opType, {
    since,
    infer: (_node, [x]): ValueFacts[] => [{ type: 'bool', dims: x?.dims }],
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      const source = floatsOf(call.node, x);
      const belongs = testOf(call.node);
      const data = call.allocate('bool', x.dims) as Uint8Array;
      for (let i = 0; i < data.length; i++) data[i] = belongs(source[i]!) ? 1 : 0;
      return [{ type: 'bool', dims: x.dims, data }];
    },
  });
}

export const floatClasses: readonly Operator[] = [
  classOf('IsNaN', 9, () => Number.isNaN),
  classOf('IsInf', 10, (node) => {
    const negative = (node.attribute('detect_negative', 'int') ?? 1) !== 0;
    const positive = (node.attribute('detect_positive', 'int') ?? 1) !== 0;
    return (x) => (x === Infinity && positive) || (x === -Infinity && negative);
  }),
];
