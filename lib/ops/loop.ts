import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import { UNKNOWN } from './facts.js';
import type { RunTensor } from './operator.js';
import { int64Vector, numbersOf } from './run-tensor.js';
import { ANY, nodeError, operator } from './schema.js';
import { stack } from './stack.js';

/** A limit: more iterations than any network makes. A file may ask for 2^63. */
export const MAX_ROUNDS = 1_000_000;

/** The graph that Loop and Scan repeat. @throws ConvfuseError ERR_MODEL */
export function bodyOf(node: Node): Graph {
  const body = node.attribute('body', 'graph');
  if (body === undefined) throw nodeError(node, 'ERR_MODEL', 'body is missing');
  return body;
}

/**
 * Repeats its body while a condition holds and a count is not reached. The body takes the iteration
 * number, the condition and the carried values, and returns a condition, the carried values and
 * scan outputs, which are stacked over the iterations.
 */
export const loop = operator('Loop', {
  inputs: [2, ANY],
  outputs: [1, ANY],
  infer: (node) => node.outputs.map(() => UNKNOWN),
  evaluate(call, inputs) {
    const { node } = call;
    const body = bodyOf(node);
    const [limit, start] = inputs;
    const rounds = limit === undefined ? Infinity : numbersOf(limit)[0]!;
    let going = start === undefined || start.data[0] === 1;
    let carried = inputs.slice(2).map((tensor) => {
      if (tensor === undefined) throw nodeError(node, 'ERR_MODEL', 'a carried value is missing');
      return tensor;
    });
    const scans: (RunTensor | undefined)[][] = node.outputs.slice(carried.length).map(() => []);
    for (let round = 0; going && round < rounds; round++) {
      if (round >= MAX_ROUNDS) throw nodeError(node, 'ERR_LIMIT', `over ${MAX_ROUNDS} iterations`);
      const flag: RunTensor = { type: 'bool', dims: [], data: Uint8Array.of(1) };
      const count: RunTensor = { ...int64Vector([round]), dims: [] };
      const results = call.runBody(body, [count, flag, ...carried]);
      going = results[0]?.data[0] === 1;
      const size = carried.length;
      carried = results.slice(1, 1 + size);
      scans.forEach((scan, i) => scan.push(results[1 + size + i]));
    }
    const stacked = body.outputs.slice(1 + carried.length);
    return [...carried, ...scans.map((scan, i) => stack(call, scan, stacked[i]))];
  },
});
