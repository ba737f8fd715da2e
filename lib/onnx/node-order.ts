import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { modelError, quoted } from './model-error.js';
import type { NodeOrigin } from './origin.js';

/** Where a node stands in the file: nodes of one graph compare by it. */
export function startOf(node: Node): number {
  return (node.origin as NodeOrigin).range.start;
}

/** Whether every use of a value, in bodies too, comes after the node that makes it. */
export function isForward(value: Value): boolean {
  const { producer } = value;
  if (producer === undefined) return true;
  for (const user of value.uses.keys()) {
    if (startOf(lift(user, value.graph)) <= startOf(producer)) return false;
  }
  return true;
}

/**
 * Refuses a graph in which a value depends on itself, be it through a body. Nodes in another
 * order than that of their dependencies are all right.
 *
 * @throws ConvfuseError ERR_MODEL
 */
export function checkAcyclic(graph: Graph): void {
  const waiting = new Map<Node, number>();
  const users = new Map<Node, Node[]>();
  for (const value of graph.values.values()) {
    const { producer } = value;
    if (producer === undefined) continue;
    for (const use of value.uses.keys()) {
      const user = lift(use, graph);
      waiting.set(user, (waiting.get(user) ?? 0) + 1);
      const list = users.get(producer);
      if (list === undefined) users.set(producer, [user]);
      else list.push(user);
    }
  }
  const ready: Node[] = [];
  for (const node of graph.nodes()) if (!waiting.has(node)) ready.push(node);
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    for (const user of users.get(node) ?? []) {
      const left = waiting.get(user)! - 1;
      waiting.set(user, left);
      if (left === 0) {
        waiting.delete(user);
        ready.push(user);
      }
    }
  }
  for (const node of waiting.keys()) {
    throw modelError(`${node.opType} ${quoted(node.label)} is part of a cycle, or behind one`);
  }
}

/** The node of a graph that a node is, or that holds it in one of its bodies. */
function lift(node: Node, graph: Graph): Node {
  let at = node;
  while (at.graph !== graph) at = at.graph.owner!;
  return at;
}
