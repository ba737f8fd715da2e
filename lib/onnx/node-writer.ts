import type { Attribute } from '../ir/attributes.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS, attributeName } from './attribute-record.js';
import { encodeAttribute } from './attribute-writer.js';
import { Chunks } from './chunks.js';
import { copyRecord } from './copy-record.js';
import { parseEntry } from './external-region.js';
import { GRAPH } from './message-shapes.js';
import { shapeOfField } from './names.js';
import {
  NODE_ATTRIBUTE,
  NODE_DOMAIN,
  NODE_INPUT,
  NODE_METADATA,
  NODE_NAME,
  NODE_OP_TYPE,
  NODE_OUTPUT,
  NODE_OVERLOAD,
  parseNode,
  parseOperands,
} from './node-record.js';
import type { NodeOrigin } from './origin.js';
import type { Placement } from './placement.js';
import type { Source } from './source.js';
import { Records, type Range } from './wire.js';

const NODE = shapeOfField(GRAPH, 'node');
const ATTRIBUTE = shapeOfField(NODE, 'attribute');

/**
 * Writes nodes. A node of the source is written record by record, so that only changed records are
 * new.
 */
export class NodeWriter {
  readonly #source: Source;
  readonly #placement: Placement;
  readonly #body: (graph: Graph) => Chunks;

  /** @param body encodes a graph nested in a node */
  constructor(source: Source, placement: Placement, body: (graph: Graph) => Chunks) {
    this.#source = source;
    this.#placement = placement;
    this.#body = body;
  }

  /** The payload of a NodeProto. */
  encode(node: Node): Chunks {
    const origin = node.origin as NodeOrigin | undefined;
    if (origin !== undefined && !node.edited && this.#placement.kind === 'keep') {
      const { start, end } = origin.range;
      if (!node.holdsBodies) return new Chunks().push(this.#source.bytes.subarray(start, end));
    }
    return origin === undefined ? this.#fresh(node) : this.#splice(node, origin);
  }

  #fresh(node: Node): Chunks {
    const chunks = new Chunks();
    for (const name of namesOf(node.inputs)) chunks.text(NODE_INPUT, name);
    for (const name of namesOf(node.outputs)) chunks.text(NODE_OUTPUT, name);
    if (node.name !== '') chunks.text(NODE_NAME, node.name);
    chunks.text(NODE_OP_TYPE, node.opType);
    if (node.domain !== '') chunks.text(NODE_DOMAIN, node.domain);
    if (node.overload !== '') chunks.text(NODE_OVERLOAD, node.overload);
    for (const attribute of node.attributes.values()) this.#add(attribute, chunks);
    for (const [key, value] of node.notes) chunks.entry(NODE_METADATA, key, value);
    return chunks;
  }

  #splice(node: Node, origin: NodeOrigin): Chunks {
    const { bytes } = this.#source;
    const before = parseNode(bytes, origin.range);
    const chunks = new Chunks();
    const { inputs: read } = parseOperands(bytes, origin.range);
    const inputs = new NameList(NODE_INPUT, read, namesOf(node.inputs), chunks);
    const outputs = new NameList(NODE_OUTPUT, before.outputs, namesOf(node.outputs), chunks);
    const attributes = new Set(node.attributes.keys());
    const notes = new Map(node.notes);
    let named = node.name === before.name;
    const records = new Records(bytes, origin.range);
    const copy = (): void => copyRecord(records, NODE, this.#source, this.#placement, chunks);
    while (records.next()) {
      if (records.field === NODE_INPUT && inputs.changed) inputs.write();
      else if (records.field === NODE_OUTPUT && outputs.changed) outputs.write();
      else if (records.field === NODE_NAME && node.name !== before.name) {
        if (!named) chunks.text(NODE_NAME, node.name);
        named = true;
      } else if (records.field === NODE_ATTRIBUTE) {
        const name = attributeName(bytes, records.payload);
        attributes.delete(name);
        this.#attribute(node.attributes.get(name), origin.attributes.get(name), records, chunks);
      } else if (records.field === NODE_METADATA && notes.size > 0) {
        const [key] = parseEntry(bytes, records.payload);
        const value = notes.get(key);
        if (value === undefined) copy();
        else chunks.entry(NODE_METADATA, key, value);
        notes.delete(key);
      } else copy();
    }
    inputs.write();
    outputs.write();
    if (!named) chunks.text(NODE_NAME, node.name);
    for (const name of attributes) this.#add(node.attributes.get(name)!, chunks);
    for (const [key, value] of notes) chunks.entry(NODE_METADATA, key, value);
    return chunks;
  }

  /**
   * Writes an attribute of the source: omitted, replaced, copied, or copied except for its bodies.
   */
  #attribute(
    now: Attribute | undefined,
    before: Attribute | undefined,
    records: Records,
    into: Chunks,
  ): void {
    if (now === undefined) return;
    if (now.kind === 'graph' || now.kind === 'graphs') {
      const bodies = now.kind === 'graph' ? [now.value] : [...now.value];
      if (bodies.every((body) => body.origin !== undefined)) {
        const field = now.kind === 'graph' ? ATTRIBUTE_GRAPH : ATTRIBUTE_GRAPHS;
        into.replace(records, this.#bodies(bodies, field, records.payload));
      } else this.#add(now, into);
    } else if (now === before) {
      copyRecord(records, NODE, this.#source, this.#placement, into);
    } else this.#add(now, into);
  }

  #bodies(bodies: readonly Graph[], field: number, range: Range): Chunks {
    const chunks = new Chunks();
    const records = new Records(this.#source.bytes, range);
    let index = 0;
    while (records.next()) {
      if (records.field === field) {
        chunks.replace(records, this.#body(bodies[index++]!));
      } else copyRecord(records, ATTRIBUTE, this.#source, this.#placement, chunks);
    }
    return chunks;
  }

  #add(attribute: Attribute, into: Chunks): void {
    into.message(NODE_ATTRIBUTE, encodeAttribute(attribute, this.#placement, this.#body));
  }
}

/** A repeated string field: copied unchanged, or all written at the place of its first record. */
class NameList {
  readonly changed: boolean;
  #written: boolean;
  readonly #field: number;
  readonly #names: readonly string[];
  readonly #into: Chunks;

  constructor(field: number, before: readonly string[], names: readonly string[], into: Chunks) {
    this.changed = before.length !== names.length || before.some((name, at) => name !== names[at]);
    this.#written = !this.changed;
    this.#field = field;
    this.#names = names;
    this.#into = into;
  }

  write(): void {
    if (this.#written) return;
    this.#written = true;
    for (const name of this.#names) this.#into.text(this.#field, name);
  }
}

function namesOf(values: readonly (Value | undefined)[]): string[] {
  return values.map((value) => value?.name ?? '');
}
