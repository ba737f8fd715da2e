import type { Attribute } from './attributes.js';
import { Graph } from './graph.js';
import { Model } from './model.js';
import { Node } from './node.js';
import { Value } from './value.js';

/**
 * A copy of a model that can be edited on its own. Structure is copied, element data and the
 * source's bytes are shared: neither is ever written to. Linear in nodes and values.
 */
export function cloneModel(source: Model): Model {
  return new Cloner(source).run();
}

class Cloner {
  readonly #source: Model;
  readonly #model: Model;
  readonly #values = new Map<Value, Value>();
  readonly #nodes = new Map<Node, Node>();

  constructor(source: Model) {
    this.#source = source;
    this.#model = new Model(source.irVersion, new Map(source.opsets), source.producer);
  }

  run(): Model {
    const { graph, functions, irVersion, opsets, producer, ...rest } = this.#source;
    void [irVersion, opsets, producer];
    // What is left are plain flags and the writer's origin.
    Object.assign(this.#model, rest, {
      names: new Set(rest.names),
      imports: new Map(rest.imports),
    });
    this.#model.graph = this.#graph(graph, undefined);
    for (const { body, ...fn } of functions) {
      this.#model.addFunction({ ...fn, body: this.#graph(body, undefined) });
    }
    // Uses last: a value may be read by nodes of any graph nested in its own.
    for (const [from, to] of this.#values) {
      for (const [node, count] of from.uses) to.uses.set(this.#node(node), count);
    }
    return this.#model;
  }

  #graph(from: Graph, owner: Node | undefined): Graph {
    // The model's own may grow; those of a function stay.
    const opsets = from.opsets === this.#source.opsets ? this.#model.opsets : from.opsets;
    const graph = new Graph(this.#model, from.kind, from.name, opsets, owner);
    graph.origin = from.origin;
    for (const value of from.values.values()) {
      const copy = new Value(value.name, graph);
      copy.initializer = value.initializer;
      copy.isInput = value.isInput;
      copy.isOutput = value.isOutput;
      copy.declaration = value.declaration;
      copy.pinned = value.pinned;
      graph.values.set(copy.name, copy);
      this.#values.set(value, copy);
    }
    for (const node of from.nodes()) graph.link(this.#copy(node, graph));
    graph.inputs = from.inputs.map((value) => this.#value(value));
    graph.outputs = from.outputs.map((value) => this.#value(value));
    return graph;
  }

  #copy(from: Node, graph: Graph): Node {
    const node = new Node(graph, from.opType, from.domain, from.overload, from.name);
    this.#nodes.set(from, node);
    node.notes = from.notes;
    node.pinned = from.pinned;
    node.origin = from.origin;
    node.inputs = from.inputs.map((value) => value && this.#value(value));
    node.outputs = from.outputs.map((value) => value && this.#value(value));
    for (const value of node.namedOutputs) value.producer = node;
    node.edited = from.edited;
    // Edits replace the whole map, so that it can be shared.
    node.attributes = from.holdsBodies ? this.#attributes(from, node) : from.attributes;
    return node;
  }

  #attributes(from: Node, owner: Node): ReadonlyMap<string, Attribute> {
    return new Map(
      Array.from(from.attributes, ([name, attribute]) => [name, this.#attribute(attribute, owner)]),
    );
  }

  #attribute(attribute: Attribute, owner: Node): Attribute {
    if (attribute.kind === 'graph') {
      return { ...attribute, value: this.#graph(attribute.value, owner) };
    }
    if (attribute.kind === 'graphs') {
      return { ...attribute, value: attribute.value.map((body) => this.#graph(body, owner)) };
    }
    return attribute;
  }

  #value(value: Value): Value {
    return this.#values.get(value)!;
  }

  #node(node: Node): Node {
    return this.#nodes.get(node)!;
  }
}
