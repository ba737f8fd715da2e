import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import { UNKNOWN } from './facts.js';
import { required } from './run-tensor.js';
import { ANY, nodeError, operator } from './schema.js';

function branch(node: Node, name: string): Graph {
  const graph = node.attribute(name, 'graph');
  if (graph === undefined) throw nodeError(node, 'ERR_MODEL', `${name} is missing`);
  return graph;
}

/** Runs one of two graphs. */
export const if_ = operator('If', {
  outputs: [1, ANY],
  infer: (node) => node.outputs.map(() => UNKNOWN),
  evaluate(call, inputs) {
    const condition = required(call.node, inputs, 0);
    const name = condition.data[0] === 1 ? 'then_branch' : 'else_branch';
    return call.runBody(branch(call.node, name), []);
  },
});
