import { ConvfuseError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Attribute } from './attributes.js';
import { constantOf } from './constant.js';
import type { Graph } from './graph.js';
import type { Model } from './model.js';
import { Node } from './node.js';
import { Value } from './value.js';

/** A node to be made: a default-domain operator unless `domain` says otherwise. */
export interface NodeSpec {
  readonly opType: string;
  readonly domain?: string;
  readonly name?: string;
  readonly inputs: readonly (Value | undefined)[];
  /** Values that exist already (their producer is replaced) or names for fresh ones. */
  readonly outputs: readonly (Value | string)[];
  readonly attributes?: readonly Attribute[];
}

/**
 * The only code that changes a graph. It keeps producers, uses and the node order right, hands
 * out names that are free in every scope, and remembers what lost its last use, for sweep().
 */
export class Editor {
  readonly model: Model;
  /** Values that lost a use: the candidates of the next sweep. */
  readonly #orphans = new Set<Value>();

  constructor(model: Model) {
    this.model = model;
  }

  /** A name that no scope of the model uses: `hint`, or `hint` with the first free suffix. */
  freshName(hint: string): string {
    const { names } = this.model;
    let name = hint === '' ? 'value' : hint;
    for (let suffix = 1; names.has(name); suffix++) name = `${hint}_${suffix}`;
    names.add(name);
    return name;
  }

  /**
   * A new constant for use by nodes of `graph`: an initializer, or, where a function body allows
   * none, a Constant node in front of `before`.
   */
  constant(graph: Graph, hint: string, tensor: Tensor, before?: Node): Value {
    this.model.changed = true;
    const name = this.freshName(hint);
    if (graph.kind !== 'function' && !insideFunction(graph)) {
      const value = this.#value(graph, name);
      value.initializer = constantOf(tensor);
      // Below IR 4 every initializer must be listed as an input of the main graph.
      if (this.model.irVersion < 4 && graph.kind === 'main') {
        value.isInput = true;
        value.declaration = { type: tensor.type, dims: tensor.dims };
        graph.inputs = [...graph.inputs, value];
      }
      return value;
    }
    const attribute: Attribute = { name: 'value', kind: 'tensor', value: constantOf(tensor) };
    const spec = { opType: 'Constant', inputs: [], outputs: [name], attributes: [attribute] };
    return this.#insert(graph, spec, before ?? graph.first).output(0);
  }

  /** Makes a node and puts it in front of `before`, in the same graph. */
  insertBefore(before: Node, spec: NodeSpec): Node {
    return this.#insert(before.graph, spec, before);
  }

  setInputs(node: Node, inputs: readonly (Value | undefined)[]): void {
    this.model.changed = true;
    for (const value of node.inputs) this.#dropUse(value, node);
    node.inputs = inputs;
    for (const value of inputs) addUse(value, node);
  }

  setAttribute(node: Node, attribute: Attribute): void {
    this.model.changed = true;
    node.attributes = new Map(node.attributes).set(attribute.name, attribute);
  }

  removeAttribute(node: Node, name: string): void {
    this.model.changed = true;
    const attributes = new Map(node.attributes);
    attributes.delete(name);
    node.attributes = attributes;
  }

  /** Records something about a node in its metadata_props, where the IR version has them. */
  note(node: Node, key: string, text: string): void {
    if (this.model.irVersion >= 10) node.notes = new Map(node.notes).set(key, text);
  }

  /**
   * Makes `node` produce `value` in place of its present output: the later node of a fused pair
   * goes, and the earlier one takes over its output, name and all. The value that the node
   * produced before must be without uses.
   */
  takeOutput(node: Node, index: number, value: Value): void {
    this.model.changed = true;
    const old = node.output(index);
    if (old.useCount > 0 || old.isOutput) {
      throw new ConvfuseError('ERR_INTERNAL', `value ${old.name} is still in use`);
    }
    const donor = value.producer;
    if (donor !== undefined) {
      donor.outputs = donor.outputs.map((out) => (out === value ? undefined : out));
    }
    value.producer = node;
    node.outputs = node.outputs.map((out, at) => (at === index ? value : out));
    this.#forget(old);
  }

  /** Makes every consumer of `from`, at any depth, read `to`. Graph outputs stay. */
  replaceUses(from: Value, to: Value): void {
    for (const node of [...from.uses.keys()]) {
      this.setInputs(
        node,
        node.inputs.map((value) => (value === from ? to : value)),
      );
    }
  }

  /** Removes a node. None of its outputs may be in use. */
  remove(node: Node): void {
    this.model.changed = true;
    for (const value of node.namedOutputs) {
      if (value.useCount > 0 || value.isOutput) {
        throw new ConvfuseError('ERR_INTERNAL', `value ${value.name} is still in use`);
      }
      this.#forget(value);
    }
    for (const value of node.inputs) this.#dropUse(value, node);
    node.graph.unlink(node);
  }

  /**
   * Removes initializers and constant-producing nodes that lost their last use to an edit. What
   * was unused in the file stays: it may be there for a reason that we cannot see.
   */
  sweep(): void {
    for (const value of this.#orphans) {
      this.#orphans.delete(value);
      if (value.useCount > 0 || value.isOutput || value.pinned !== undefined) continue;
      const { producer } = value;
      if (producer !== undefined) {
        if (!producer.removed && isPureSource(producer)) this.remove(producer);
      } else if (value.initializer !== undefined) {
        this.#removeInitializer(value);
      }
    }
  }

  #removeInitializer(value: Value): void {
    const { graph } = value;
    if (value.isInput) {
      // A caller may be passing it: it leaves the signature only where it never was part of it.
      if (this.model.irVersion >= 4 && !this.model.constantInitializers) return;
      graph.inputs = graph.inputs.filter((input) => input !== value);
    }
    this.#forget(value);
  }

  #insert(graph: Graph, spec: NodeSpec, before: Node | undefined): Node {
    this.model.changed = true;
    const node = new Node(graph, spec.opType, spec.domain ?? '', '', spec.name ?? '');
    if (node.name !== '') this.model.names.add(node.name);
    node.attributes = new Map(spec.attributes?.map((attribute) => [attribute.name, attribute]));
    node.inputs = spec.inputs;
    for (const value of spec.inputs) addUse(value, node);
    node.outputs = spec.outputs.map((output) => {
      const value = typeof output === 'string' ? this.#value(graph, output) : output;
      const donor = value.producer;
      if (donor !== undefined) {
        donor.outputs = donor.outputs.map((out) => (out === value ? undefined : out));
      }
      value.producer = node;
      return value;
    });
    graph.link(node, before);
    return node;
  }

  #value(graph: Graph, name: string): Value {
    if (graph.values.has(name)) {
      throw new ConvfuseError('ERR_INTERNAL', `value ${name} exists already`);
    }
    const value = new Value(name, graph);
    this.model.names.add(name);
    graph.values.set(name, value);
    return value;
  }

  #dropUse(value: Value | undefined, node: Node): void {
    if (value === undefined) return;
    const count = value.uses.get(node) ?? 0;
    if (count > 1) value.uses.set(node, count - 1);
    else value.uses.delete(node);
    if (value.uses.size === 0) this.#orphans.add(value);
  }

  #forget(value: Value): void {
    value.graph.values.delete(value.name);
    value.producer = undefined;
  }
}

function addUse(value: Value | undefined, node: Node): void {
  if (value !== undefined) value.uses.set(node, (value.uses.get(node) ?? 0) + 1);
}

function insideFunction(graph: Graph): boolean {
  for (let at: Graph | undefined = graph; at !== undefined; at = at.owner?.graph) {
    if (at.kind === 'function') return true;
  }
  return false;
}

/** Nodes that only make or reshape constants: nothing is lost with them once nobody reads them. */
const SOURCES = new Set([
  'Constant',
  'ConstantOfShape',
  'Identity',
  'Unsqueeze',
  'Reshape',
  'Cast',
]);

function isPureSource(node: Node): boolean {
  return (
    node.domain === '' &&
    SOURCES.has(node.opType) &&
    node.namedOutputs.every((out) => out.useCount === 0 && !out.isOutput)
  );
}
