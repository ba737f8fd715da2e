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
 * The outer value of the same name that a new value of a body hides, if one is visible there:
 * an input, an initializer, or made by a node before the one that holds the body. A later
 * value of that name is another matter, and common: If and its branches like to share names.
 */
export function hiddenBy(value: Value): Value | undefined {
  let { owner } = value.graph;
  while (owner !== undefined) {
    const outer = owner.graph.values.get(value.name);
    if (outer !== undefined) {
      const { producer } = outer;
      if (producer === undefined || startOf(producer) < startOf(owner)) return outer;
    }
    owner = owner.graph.owner;
  }
  return undefined;
}
