import type { Constant } from './constant.js';
import type { Node } from './node.js';
import type { Value } from './value.js';
import type { Model } from './model.js';

/** main: the model's graph. body: nested in a node. function: a model-local function's body. */
export type GraphKind = 'main' | 'body' | 'function';

/**
 * A graph: nodes in the file's order, and the values that it defines. The order of a valid file is
 * topological. A file in another order is accepted and keeps it; the runtime sorts.
 */
export class Graph {
  readonly model: Model;
  readonly kind: GraphKind;
  readonly name: string;
  /** The node that holds a body. */
  readonly owner: Node | undefined;
  /** Opset versions by domain; a function has its own. '' is the default domain. */
  readonly opsets: ReadonlyMap<string, number>;
  /** In signature order. Initializers that are also inputs are listed, as in the file. */
  inputs: Value[] = [];
  /** In signature order. An output of a body may be a value of an outer graph. */
  outputs: readonly Value[] = [];
  /** All values defined in this graph, by name. */
  readonly values = new Map<string, Value>();
  origin: unknown;
  first: Node | undefined;
  last: Node | undefined;
  nodeCount = 0;

  constructor(
    model: Model,
    kind: GraphKind,
    name: string,
    opsets: ReadonlyMap<string, number>,
    owner?: Node,
  ) {
    this.model = model;
    this.kind = kind;
    this.name = name;
    this.opsets = opsets;
    this.owner = owner;
  }

  /** The nodes in order. Nodes may be removed or inserted while it is being walked. */
  *nodes(): Generator<Node> {
    let node = this.first;
    while (node !== undefined) {
      if (!node.removed) yield node;
      // A removed node keeps its `next`, so that a walk that stands on it can continue.
      node = node.next;
    }
  }

  /** Initializers, in the order of the file; added ones last. */
  *initializers(): Generator<[Value, Constant]> {
    for (const value of this.values.values()) {
      if (value.initializer !== undefined) yield [value, value.initializer];
    }
  }

  /** Inserts a node before another or at the end. For the reader and the editor. */
  link(node: Node, before?: Node): void {
    const previous = before === undefined ? this.last : before.previous;
    node.previous = previous;
    node.next = before;
    if (previous === undefined) this.first = node;
    else previous.next = node;
    if (before === undefined) this.last = node;
    else before.previous = node;
    this.nodeCount += 1;
  }

  /** Removes a node. Its own links stay, see nodes(). For the editor. */
  unlink(node: Node): void {
    if (node.previous === undefined) this.first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.last = node.previous;
    else node.next.previous = node.previous;
    node.removed = true;
    this.nodeCount -= 1;
  }

  /** This graph and every graph nested in it, outer before inner, in the order of their nodes. */
  *withBodies(): Generator<Graph> {
    const stack: Graph[] = [this];
    for (let graph = stack.pop(); graph !== undefined; graph = stack.pop()) {
      yield graph;
      const nested: Graph[] = [];
      for (const node of graph.nodes()) if (node.holdsBodies) nested.push(...node.subgraphs());
      for (const body of nested.reverse()) stack.push(body);
    }
  }
}
