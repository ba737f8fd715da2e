import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { nodeIn } from '../ir/view.js';
import { modelError, quoted } from './model-error.js';
import type { NodeOrigin } from './origin.js';

/** The position of a node in the file, for comparing nodes of one graph. */
export function startOf(node: Node): number {
  return (node.origin as NodeOrigin).range.start;
}

/** Whether every use of a value, also in bodies, comes after the node that produces it. */
export function isForward(value: Value): boolean {
  const { producer } = value;
  if (producer === undefined) return true;
  for (const user of value.uses.keys()) {
    if (startOf(nodeIn(value.graph, user)) <= startOf(producer)) return false;
  }
  return true;
}

/**
 * Refuses a graph in which a value depends on itself, perhaps through a body. The nodes may be in
 * any order.
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
      const user = nodeIn(graph, use);
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
    throw modelError(`${node.opType} ${quoted(node.label)} is part of a cycle, or depends on one`);
  }
}
