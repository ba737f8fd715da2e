import type { Graph } from '../ir/graph.js';
import type { Value } from '../ir/value.js';
import { startOf } from './node-order.js';

/**
 * Whether an outer value exists when a body runs: it is an input or an initializer, or the output
 * of a node before the one that holds the body.
 */
export function isBefore(value: Value, body: Graph): boolean {
  const { producer } = value;
  if (producer === undefined) return true;
  let { owner } = body;
  while (owner !== undefined && owner.graph !== value.graph) owner = owner.graph.owner;
  return owner !== undefined && startOf(producer) < startOf(owner);
}

/**
 * The outer value that a new value of a body hides by having the same name. Outer values that are
 * produced later do not count; such pairs are common, since If and its branches often share names.
 */
export function hiddenBy(value: Value): Value | undefined {
  for (let at = value.graph.owner?.graph; at !== undefined; at = at.owner?.graph) {
    const outer = at.values.get(value.name);
    if (outer !== undefined && isBefore(outer, value.graph)) return outer;
  }
  return undefined;
}
