import { ConvfuseError } from '../errors.js';
import type { Attribute } from './attributes.js';
import type { Graph } from './graph.js';
import { Node } from './node.js';
import { Value } from './value.js';

// Builds graphs while a file or text is read. Rules change graphs through the editor instead.

/** The parts of a node that is read. Its values must exist already. */
export interface NodeParts {
  readonly opType: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly name?: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly (Value | undefined)[];
}

/**
 * Defines a value in a graph.
 *
 * @throws ConvfuseError ERR_MODEL when the graph defines the name already
 */
export function defineValue(graph: Graph, name: string): Value {
  if (graph.values.has(name)) {
    throw new ConvfuseError('ERR_MODEL', `expected one definition of ${name}, received two`);
  }
  const value = new Value(name, graph);
  graph.values.set(name, value);
  graph.model.names.add(name);
  return value;
}

/** The value a name stands for in a graph: its own, or that of the nearest graph around it. */
export function resolveValue(graph: Graph, name: string): Value | undefined {
  let scope: Graph | undefined = graph;
  while (scope !== undefined) {
    const value = scope.values.get(name);
    if (value !== undefined) return value;
    scope = scope.owner?.graph;
  }
  return undefined;
}

/**
 * Appends a node and links its values to it. Attributes are added later: bodies among them refer to
 * the node as their owner.
 *
 * @throws ConvfuseError ERR_MODEL when another node, an input or an initializer defines an output
 */
export function appendNode(graph: Graph, parts: NodeParts): Node {
  const { opType, domain = '', overload = '', name = '' } = parts;
  const node = new Node(graph, opType, domain, overload, name);
  if (name !== '') graph.model.names.add(name);
  node.inputs = parts.inputs;
  node.outputs = parts.outputs;
  for (const value of parts.inputs) {
    if (value !== undefined) value.uses.set(node, (value.uses.get(node) ?? 0) + 1);
  }
  for (const value of parts.outputs) {
    if (value === undefined) continue;
    if (value.producer !== undefined || value.isInput || value.initializer !== undefined) {
      const { name: taken } = value;
      throw new ConvfuseError('ERR_MODEL', `expected one definition of ${taken}, received two`);
    }
    value.producer = node;
  }
  graph.link(node);
  return node;
}

export function addAttribute(node: Node, attribute: Attribute): void {
  node.attributes = new Map(node.attributes).set(attribute.name, attribute);
}
