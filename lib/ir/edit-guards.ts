import { ConvfuseError } from '../errors.js';
import type { Graph } from './graph.js';
import type { Node } from './node.js';
import type { Value } from './value.js';

// What the editor refuses to do, with ERR_INTERNAL, before it changes anything.

/** A value that vanishes may have no readers. */
export function refuseUsed(value: Value): void {
  if (value.uses.size > 0 || value.isOutput || value.pinned !== undefined) {
    throw internal(`value ${value.name} is still in use`);
  }
}

/** A node may produce only values of its own graph that nothing else defines. */
export function refuseForeign(graph: Graph, value: Value): void {
  if (value.graph !== graph) throw internal(`value ${value.name} belongs to another graph`);
  if (value.isInput || value.initializer !== undefined) {
    throw internal(`value ${value.name} is an input or an initializer`);
  }
}

/** An edit that would break the graph: a defect of the rule that asked for it. */
export function internal(message: string): ConvfuseError {
  return new ConvfuseError('ERR_INTERNAL', message);
}

/** The node of `graph` that is, or holds at any depth, another one. */
export function nodeIn(graph: Graph, node: Node): Node {
  let at = node;
  while (at.graph !== graph) {
    const { owner } = at.graph;
    if (owner === undefined) throw internal(`node ${node.label} stands in another graph`);
    at = owner;
  }
  return at;
}

/**
 * Functions have no initializers. Bodies have them from IR 4 on; below, an initializer must be an
 * input, and a body's inputs are settled by the node that holds it.
 */
export function allowsInitializers(graph: Graph): boolean {
  for (let at: Graph | undefined = graph; at !== undefined; at = at.owner?.graph) {
    if (at.kind === 'function') return false;
  }
  return graph.kind === 'main' || graph.model.irVersion >= 4;
}

/** A node may read values of its own graph and of the graphs around it. */
export function refuseInvisible(graph: Graph, values: readonly (Value | undefined)[]): void {
  for (const value of values) {
    let at: Graph | undefined = graph;
    while (value !== undefined && at !== value.graph) {
      at = at?.owner?.graph;
      if (at === undefined) throw internal(`value ${value.name} is not visible in ${graph.name}`);
    }
  }
}
