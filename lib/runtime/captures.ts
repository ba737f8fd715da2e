import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { distinct } from './distinct.js';

/** Values of outer graphs that a body reads, at any depth, in the order of first use. */
export function capturesOf(body: Graph): readonly Value[] {
  const inside = new Set(body.withBodies());
  const captured = new Set<Value>();
  const note = (value: Value | undefined): void => {
    if (value !== undefined && !inside.has(value.graph)) captured.add(value);
  };
  for (const graph of inside) {
    for (const node of graph.nodes()) node.inputs.forEach(note);
    graph.outputs.forEach(note);
  }
  return [...captured];
}

/** Everything a node needs before it can run: its inputs, and what its bodies capture. */
export function dependenciesOf(node: Node): readonly Value[] {
  if (!node.holdsBodies) return distinct(node.inputs);
  const captured = Array.from(node.subgraphs(), capturesOf).flat();
  return distinct([...node.inputs, ...captured]);
}
