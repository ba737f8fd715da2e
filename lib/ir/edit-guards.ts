import { ConvfuseError } from '../errors.js';
import type { Graph } from './graph.js';
import type { Value } from './value.js';

// Guards of the editor: each throws ERR_INTERNAL before anything is changed.

/** Refuses to remove a value that is still read, is a graph output, or is pinned. */
export function refuseUsed(value: Value): void {
  if (value.uses.size > 0 || value.isOutput || value.pinned !== undefined) {
    throw internal(`value ${value.name} is still in use`);
  }
}

/** Refuses an output that is of another graph, or that is an input or initializer. */
export function refuseForeign(graph: Graph, value: Value): void {
  if (value.graph !== graph) throw internal(`value ${value.name} belongs to another graph`);
  if (value.isInput || value.initializer !== undefined) {
    throw internal(`value ${value.name} is an input or an initializer`);
  }
}

/**
 * An error for an edit that would break the graph, which is a defect of the rule that asked for it.
 */
export function internal(message: string): ConvfuseError {
  return new ConvfuseError('ERR_INTERNAL', message);
}

/**
 * Whether a graph may have initializers. Functions may not. Bodies may from IR 4 on: below, an
 * initializer must also be an input, and the inputs of a body are set by the node that holds it.
 */
export function allowsInitializers(graph: Graph): boolean {
  for (let at: Graph | undefined = graph; at !== undefined; at = at.owner?.graph) {
    if (at.kind === 'function') return false;
  }
  return graph.kind === 'main' || graph.model.irVersion >= 4;
}

/** Refuses inputs that are not of the node's own graph or one around it. */
export function refuseInvisible(graph: Graph, values: readonly (Value | undefined)[]): void {
  for (const value of values) {
    let at: Graph | undefined = graph;
    while (value !== undefined && at !== value.graph) {
      at = at?.owner?.graph;
      if (at === undefined) throw internal(`value ${value.name} is not visible in ${graph.name}`);
    }
  }
}
