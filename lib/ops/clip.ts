import type { Activation } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import { clip as clipLoop } from './activation-loop.js';
import { evaluateUnary } from './elementwise.js';
import { likeInput } from './facts.js';
import type { RunTensor } from './operator.js';
import { isWide, required } from './run-tensor.js';
import { operator } from './schema.js';

/** The bound in an attribute (opset below 11) or in an optional scalar input. */
function bound(node: Node, name: string, input: RunTensor | undefined, none: number): number {
  if (node.opset < 11) return node.attribute(name, 'float') ?? none;
  return input === undefined ? none : Number(input.data[0]);
}

/**
 * The bounds as an activation. ReLU and ReLU6 are kinds of their own, which backends apply while
 * results are in registers.
 */
function activationOfBounds(low: number, high: number): Activation {
  const kind = low !== 0 ? 'clip' : high === Infinity ? 'relu' : high === 6 ? 'relu6' : 'clip';
  return { kind, alpha: low, beta: high };
}

/** out = min(max(x, low), high), so high wherever low > high. */
export const clip = operator('Clip', {
  inputs: [1, 3],
  infer: likeInput,
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    if (isWide(x.type)) {
      const low = inputs[1]?.data[0] as bigint | undefined;
      const high = inputs[2]?.data[0] as bigint | undefined;
      const data = call.allocate(x.type, x.dims) as BigInt64Array;
      const source = x.data as BigInt64Array;
      for (let i = 0; i < data.length; i++) {
        let value = source[i]!;
        if (low !== undefined && value < low) value = low;
        if (high !== undefined && value > high) value = high;
        data[i] = value;
      }
      return [{ ...x, data }];
    }
    const low = bound(call.node, 'min', inputs[1], -Infinity);
    const high = bound(call.node, 'max', inputs[2], Infinity);
    const constant = [1, 2].every((i) => inputs[i] === undefined || call.isConstant(i));
    return evaluateUnary(call, x, clipLoop(low, high), activationOfBounds(low, high), constant);
  },
});
