import type { Attribute } from './attributes.js';
import { Graph } from './graph.js';
import { Model } from './model.js';
import { Node } from './node.js';
import { Value } from './value.js';

/**
 * A copy of a model that can be edited independently. Its structure is copied; element data and the
 * source's bytes are shared, since neither is ever written to. Linear in nodes and values.
 */
export function cloneModel(source: Model): Model {
  const { irVersion, opsets, producer } = source;
  return new Cloner(source, new Model(irVersion, new Map(opsets), producer)).run();
}

/**
 * A copy of a function's body for one call. Attributes that refer to attributes of the function get
 * the values given in the call, or are omitted where the call gives none. References to attributes
 * that hold graphs stay as they are.
 */
export function bindAttributes(body: Graph, given: ReadonlyMap<string, Attribute>): Graph {
  return new Cloner(body.model, body.model, given).bind(body);
}

class Cloner {
  readonly #source: Model;
  readonly #model: Model;
  readonly #given: ReadonlyMap<string, Attribute> | undefined;
  readonly #values = new Map<Value, Value>();
  readonly #nodes = new Map<Node, Node>();

  constructor(source: Model, model: Model, given?: ReadonlyMap<string, Attribute>) {
    this.#source = source;
    this.#model = model;
    this.#given = given;
  }

  run(): Model {
    const { graph, functions, irVersion, opsets, producer, ...rest } = this.#source;
    void [irVersion, opsets, producer];
    // `rest` holds plain flags and the writer's origin.
    Object.assign(this.#model, rest, {
      names: new Set(rest.names),
      imports: new Map(rest.imports),
    });
    this.#model.graph = this.#graph(graph, undefined);
    for (const { body, ...fn } of functions) {
      this.#model.addFunction({ ...fn, body: this.#graph(body, undefined) });
    }
    this.#uses();
    return this.#model;
  }

  bind(body: Graph): Graph {
    const graph = this.#graph(body, undefined);
    this.#uses();
    return graph;
  }

  /** Runs after everything else is copied: nodes of any nested graph may read a value. */
  #uses(): void {
    for (const [from, to] of this.#values) {
      for (const [node, count] of from.uses) to.uses.set(this.#node(node), count);
    }
  }

  #graph(from: Graph, owner: Node | undefined): Graph {
    // The model's map may get new imports, so a copy has its own; those of functions never change.
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
    // Edits replace the whole map, so copies can share it.
    const own = from.holdsBodies || this.#given !== undefined;
    node.attributes = own ? this.#attributes(from, node) : from.attributes;
    return node;
  }

  #attributes(from: Node, owner: Node): ReadonlyMap<string, Attribute> {
    const attributes = new Map<string, Attribute>();
    for (const [name, attribute] of from.attributes) {
      const copy = this.#attribute(this.#bound(attribute), owner);
      if (copy !== undefined) attributes.set(name, copy);
    }
    return attributes;
  }

  #bound(attribute: Attribute): Attribute | undefined {
    if (this.#given === undefined || attribute.kind !== 'reference') return attribute;
    const found = this.#given.get(attribute.value);
    if (found?.kind === 'graph' || found?.kind === 'graphs') return attribute;
    return found && { ...found, name: attribute.name };
  }

  #attribute(attribute: Attribute | undefined, owner: Node): Attribute | undefined {
    if (attribute?.kind === 'graph') {
      return { ...attribute, value: this.#graph(attribute.value, owner) };
    }
    if (attribute?.kind === 'graphs') {
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
