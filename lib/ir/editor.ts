import { elementBytes } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Attribute } from './attributes.js';
import { constantOf } from './constant.js';
import {
  allowsInitializers,
  internal,
  refuseForeign,
  refuseInvisible,
  refuseUsed,
} from './edit-guards.js';
import type { Graph } from './graph.js';
import type { Model } from './model.js';
import { Node } from './node.js';
import { Sweeper } from './sweep.js';
import { Value } from './value.js';
import { nodeIn } from './view.js';

/** A node to be made. */
export interface NodeSpec {
  readonly opType: string;
  readonly domain?: string;
  readonly name?: string;
  readonly inputs: readonly (Value | undefined)[];
  /** Values of the same graph (their producer is replaced), or hints for the names of fresh ones. */
  readonly outputs: readonly (Value | string)[];
  /** May not hold graphs: the editor cannot add bodies. */
  readonly attributes?: readonly Attribute[];
}

/**
 * The only code that changes a graph. It keeps producers, uses and the node order consistent, hands
 * out names that are free in every scope, and remembers for sweep() what lost its last use.
 *
 * Every method throws ConvfuseError ERR_INTERNAL, before it changes anything, when an edit would
 * break the graph.
 */
export class Editor {
  readonly model: Model;
  readonly #sweeper: Sweeper;
  /** By hint: the suffix to try next. Naming many constants alike then takes linear time. */
  readonly #suffixes = new Map<string, number>();
  readonly #touched = new Set<Node>();
  #added = 0;

  constructor(model: Model) {
    this.model = model;
    this.#sweeper = new Sweeper(model, (node) => this.remove(node));
  }

  /** Bytes of added constants minus bytes of removed ones. */
  get growth(): number {
    return this.#added - this.#sweeper.removedBytes;
  }

  /** The nodes made or changed since the last call. The rewriter looks at them again. */
  takeTouched(): Node[] {
    const touched = [...this.#touched].filter((node) => !node.removed);
    this.#touched.clear();
    return touched;
  }

  /** A name that no scope of the model uses: `hint`, or `hint` with the first free suffix. */
  freshName(hint: string): string {
    const { names } = this.model;
    const base = hint === '' ? 'value' : hint;
    let name = base;
    let suffix = this.#suffixes.get(base) ?? 1;
    for (; names.has(name); suffix++) name = `${base}_${suffix}`;
    this.#suffixes.set(base, suffix);
    names.add(name);
    return name;
  }

  /**
   * A new constant for nodes of `graph` and its bodies: an initializer, or where those are not
   * allowed a Constant node in front of `before`.
   */
  constant(graph: Graph, hint: string, tensor: Tensor, before?: Node): Value {
    this.#added += elementCount(tensor.dims) * elementBytes(tensor.type);
    if (allowsInitializers(graph)) {
      const value = this.#value(graph, hint);
      value.initializer = constantOf(tensor);
      // Below IR 4 every initializer must be listed as an input of the main graph.
      if (this.model.irVersion < 4) {
        value.isInput = true;
        value.declaration = { type: tensor.type, dims: tensor.dims };
        graph.inputs.push(value);
      }
      return value;
    }
    const attribute: Attribute = { name: 'value', kind: 'tensor', value: constantOf(tensor) };
    const spec = { opType: 'Constant', inputs: [], outputs: [hint], attributes: [attribute] };
    const place = before === undefined ? graph.first : nodeIn(graph, before);
    return this.#insert(graph, spec, place).output(0);
  }

  /**
   * Imports an operator set for the main graph and its bodies. Functions have their own imports.
   *
   * @throws ConvfuseError ERR_INTERNAL when the domain is imported in another version
   */
  importOperatorSet(domain: string, version: number): void {
    const { opsets, imports } = this.model;
    const known = opsets.get(domain);
    if (known === version) return;
    if (known !== undefined) throw internal(`${domain} is imported in version ${known}`);
    this.model.markChanged();
    (opsets as Map<string, number>).set(domain, version);
    imports.set(domain, version);
  }

  /** Makes a node and puts it in front of `before`, in the same graph. */
  insertBefore(before: Node, spec: NodeSpec): Node {
    return this.#insert(before.graph, spec, before);
  }

  setInputs(node: Node, inputs: readonly (Value | undefined)[]): void {
    refuseInvisible(node.graph, inputs);
    this.#touch(node);
    for (const value of node.inputs) this.#sweeper.dropUse(value, node);
    node.inputs = inputs;
    for (const value of inputs) addUse(value, node);
  }

  setAttribute(node: Node, attribute: Attribute): void {
    this.#touch(node);
    node.attributes = new Map(node.attributes).set(attribute.name, attribute);
  }

  removeAttribute(node: Node, name: string): void {
    this.#touch(node);
    const attributes = new Map(node.attributes);
    attributes.delete(name);
    node.attributes = attributes;
  }

  /** Adds an entry to a node's metadata_props, where the IR version has them. */
  note(node: Node, key: string, text: string): void {
    if (this.model.irVersion < 10) return;
    this.#markEdited(node);
    node.notes = new Map(node.notes).set(key, text);
  }

  /**
   * Makes `node` produce `value` instead of its output `index`, which must have no uses. When two
   * nodes are fused, the earlier one takes over the output of the later one in this way, name and
   * all.
   */
  takeOutput(node: Node, index: number, value: Value): void {
    const old = node.output(index);
    if (old === value) return;
    refuseUsed(old);
    refuseForeign(node.graph, value);
    this.#touch(node);
    this.#adopt(node, value);
    node.outputs = node.outputs.map((out, at) => (at === index ? value : out));
    forget(old);
  }

  /** Makes every consumer of `from`, at any depth, read `to`. Graph outputs keep their value. */
  replaceUses(from: Value, to: Value): void {
    if (from === to) return;
    refuseInvisible(from.graph, [to]);
    for (const node of [...from.uses.keys()]) {
      this.setInputs(
        node,
        node.inputs.map((value) => (value === from ? to : value)),
      );
    }
  }

  /** Removes a node. None of its outputs may be in use, and it may not hold a body. */
  remove(node: Node): void {
    if (node.removed) throw internal(`node ${node.label} is removed already`);
    if (node.holdsBodies) throw internal(`node ${node.label} holds a body`);
    const { namedOutputs } = node;
    for (const value of namedOutputs) refuseUsed(value);
    this.model.markChanged();
    for (const value of namedOutputs) forget(value);
    for (const value of node.inputs) this.#sweeper.dropUse(value, node);
    node.graph.unlink(node);
    this.#sweeper.countRemoved(node);
  }

  /**
   * Removes initializers and constant-producing nodes that lost their last use to an edit. Those
   * that were unused in the file stay, in case somebody needs them.
   */
  sweep(): void {
    this.#sweeper.sweep();
  }

  #insert(graph: Graph, spec: NodeSpec, before: Node | undefined): Node {
    refuseInvisible(graph, spec.inputs);
    for (const output of spec.outputs) {
      if (typeof output !== 'string') refuseForeign(graph, output);
    }
    const node = new Node(graph, spec.opType, spec.domain ?? '', '', spec.name ?? '');
    if (node.name !== '') this.model.names.add(node.name);
    node.attributes = new Map(spec.attributes?.map((attribute) => [attribute.name, attribute]));
    node.inputs = spec.inputs;
    for (const value of spec.inputs) addUse(value, node);
    node.outputs = spec.outputs.map((output) =>
      this.#adopt(node, typeof output === 'string' ? this.#value(graph, output) : output),
    );
    graph.link(node, before);
    this.#touch(node);
    return node;
  }

  /** Makes `node` the producer of a value, instead of the present one. */
  #adopt(node: Node, value: Value): Value {
    const donor = value.producer;
    if (donor !== undefined) {
      this.#markEdited(donor);
      donor.outputs = donor.outputs.map((out) => (out === value ? undefined : out));
    }
    value.producer = node;
    return value;
  }

  #value(graph: Graph, hint: string): Value {
    this.model.markChanged();
    const value = new Value(this.freshName(hint), graph);
    graph.values.set(value.name, value);
    return value;
  }

  #touch(node: Node): void {
    this.#markEdited(node);
    this.#touched.add(node);
  }

  #markEdited(node: Node): void {
    node.edited = true;
    this.model.markChanged();
  }
}

function addUse(value: Value | undefined, node: Node): void {
  if (value !== undefined) value.uses.set(node, (value.uses.get(node) ?? 0) + 1);
}

/** Removes a value without readers from its graph. Its name stays reserved. */
function forget(value: Value): void {
  value.graph.values.delete(value.name);
  value.producer = undefined;
}
