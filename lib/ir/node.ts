import { ConvfuseError } from '../errors.js';
import type { Attribute, AttributeKind, AttributeValues } from './attributes.js';
import type { Graph } from './graph.js';
import type { Value } from './value.js';

// Shared to save memory: most nodes of a large model have no attributes or no notes.
const NO_ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map();
const NO_NOTES: ReadonlyMap<string, string> = new Map();

/**
 * One operator call. Inputs and outputs are values; undefined stands for an omitted optional one
 * (an empty name in the file). Only ir/editor.ts and the reader change a node.
 */
export class Node {
  name: string;
  readonly opType: string;
  /** '' for the default domain, even where the file says 'ai.onnx'. */
  readonly domain: string;
  readonly overload: string;
  /** The graph it stands in. */
  readonly graph: Graph;
  inputs: readonly (Value | undefined)[] = [];
  outputs: readonly (Value | undefined)[] = [];
  attributes: ReadonlyMap<string, Attribute> = NO_ATTRIBUTES;
  /** Added metadata_props entries; those of the file stay in `origin`. */
  notes: ReadonlyMap<string, string> = NO_NOTES;
  /**
   * What outside the graph refers to the node (device configurations, say), so that rules must keep
   * it.
   */
  pinned: string | undefined;
  /** What the reader needs to write the node back unchanged. Opaque to everyone else. */
  origin: unknown;
  /** Neighbours in the graph's order. Kept by Graph and the editor. */
  previous: Node | undefined;
  next: Node | undefined;
  /** Set by the editor: a removed node is never visited again. */
  removed = false;
  /** Set by the editor: a node of the file that nobody edited is written as it was read. */
  edited = false;

  constructor(graph: Graph, opType: string, domain = '', overload = '', name = '') {
    this.graph = graph;
    this.opType = opType;
    this.domain = domain;
    this.overload = overload;
    this.name = name;
  }

  /**
   * Whether the node is this operator of the default domain, and not a call of a model-local
   * function.
   */
  is(opType: string): boolean {
    return (
      this.opType === opType &&
      this.domain === '' &&
      this.overload === '' && // only functions are overloaded
      !this.graph.model.definesFunction('', opType)
    );
  }

  /** The node in messages: its name, or that of its first named output, or its operator. */
  get label(): string {
    return this.name !== '' ? this.name : (this.outputs.find((out) => out)?.name ?? this.opType);
  }

  /** Opset version of the node's domain in its graph; 0 when the file imports none. */
  get opset(): number {
    return this.graph.opsets.get(this.domain) ?? 0;
  }

  optionalInput(index: number): Value | undefined {
    return this.inputs[index];
  }

  /** @throws ConvfuseError ERR_MODEL when it is omitted */
  input(index: number): Value {
    const value = this.inputs[index];
    if (value === undefined) throw this.#missing(`input ${index}`);
    return value;
  }

  optionalOutput(index: number): Value | undefined {
    return this.outputs[index];
  }

  /** @throws ConvfuseError ERR_MODEL when it is omitted */
  output(index: number): Value {
    const value = this.outputs[index];
    if (value === undefined) throw this.#missing(`output ${index}`);
    return value;
  }

  /** The outputs that are not omitted. */
  get namedOutputs(): readonly Value[] {
    return this.outputs.filter((value) => value !== undefined);
  }

  /**
   * An attribute's value, or undefined when it is absent.
   *
   * @throws ConvfuseError ERR_MODEL when the attribute is of another kind, or a reference
   */
  attribute<K extends AttributeKind>(name: string, kind: K): AttributeValues[K] | undefined {
    const found = this.attributes.get(name);
    if (found === undefined) return undefined;
    if (found.kind !== kind) {
      throw new ConvfuseError(
        'ERR_MODEL',
        `expected ${kind} for attribute ${name} of ${this.opType} ${this.label}, ` +
          `received ${found.kind}`,
      );
    }
    return found.value as AttributeValues[K];
  }

  /** Graphs in its attributes: branches of If, bodies of Loop and Scan. */
  *subgraphs(): Generator<Graph> {
    for (const attribute of this.attributes.values()) {
      if (attribute.kind === 'graph') yield attribute.value;
      if (attribute.kind === 'graphs') yield* attribute.value;
    }
  }

  /**
   * Whether its attributes hold graphs. Much cheaper than subgraphs(), since nearly no node does.
   */
  get holdsBodies(): boolean {
    for (const { kind } of this.attributes.values()) {
      if (kind === 'graph' || kind === 'graphs') return true;
    }
    return false;
  }

  #missing(what: string): ConvfuseError {
    return new ConvfuseError('ERR_MODEL', `${this.opType} ${this.label} lacks ${what}`);
  }
}
