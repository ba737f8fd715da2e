import type { Graph } from '../ir/graph.js';
import type { Value } from '../ir/value.js';
import { startOf } from './node-order.js';

/** The value a name means in a graph: its own, or that of the nearest graph around it. */
export function find(graph: Graph, name: string): Value | undefined {
  for (let at: Graph | undefined = graph; at !== undefined; at = at.owner?.graph) {
    const value = at.values.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * Whether an outer value is there when a body runs: an input, an initializer, or made by a node
 * before the one that holds the body.
 */
export function isBefore(value: Value, body: Graph): boolean {
  const { producer } = value;
  if (producer === undefined) return true;
  let { owner } = body;
  while (owner !== undefined && owner.graph !== value.graph) owner = owner.graph.owner;
  return owner !== undefined && startOf(producer) < startOf(owner);
}

/**
 * The outer value of the same name that a new value of a body hides, if one is there. A later
 * value of that name is another matter, and common: If and its branches like to share names.
 */
export function hiddenBy(value: Value): Value | undefined {
  for (let at = value.graph.owner?.graph; at !== undefined; at = at.owner?.graph) {
    const outer = at.values.get(value.name);
    if (outer !== undefined && isBefore(outer, value.graph)) return outer;
  }
  return undefined;
}
