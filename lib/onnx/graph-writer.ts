import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { Chunks } from './chunks.js';
import { copyRecord } from './copy-record.js';
import type { TensorOrigin } from './file-constant.js';
import { FUNCTION_FIELDS, GRAPH_FIELDS, type GraphFields } from './graph-record.js';
import { FUNCTION, GRAPH, type MessageShape } from './message-shapes.js';
import { parseNode } from './node-record.js';
import { NodeWriter } from './node-writer.js';
import type { GraphOrigin, NodeOrigin } from './origin.js';
import type { Placement } from './placement.js';
import type { Source } from './source.js';
import { encodeTensor, tensorName } from './tensor-writer.js';
import { decodeText } from './text.js';
import { encodeValueInfo, renameValueInfo } from './value-info-writer.js';
import { valueInfoName } from './value-info.js';
import { Records, type Range } from './wire.js';

/**
 * Writes graphs by walking the records of their source. Each record is copied, replaced or omitted;
 * new parts are written next to similar ones or at the end. A graph without a source is written
 * anew.
 */
export class GraphWriter {
  readonly #source: Source;
  readonly #placement: Placement;
  readonly #nodes: NodeWriter;

  constructor(source: Source, placement: Placement) {
    this.#source = source;
    this.#placement = placement;
    this.#nodes = new NodeWriter(source, placement, (graph) => this.encode(graph));
  }

  /** The payload of a GraphProto or, for the body of a function, of its FunctionProto. */
  encode(graph: Graph): Chunks {
    const splice = new GraphSplice(graph, this.#source, this.#placement, this.#nodes);
    return splice.run();
  }
}

const NOWHERE: Range = { start: 0, end: 0 };

class GraphSplice {
  readonly #graph: Graph;
  readonly #source: Source;
  readonly #placement: Placement;
  readonly #nodeWriter: NodeWriter;
  readonly #fields: GraphFields;
  readonly #shape: MessageShape;
  readonly #range: Range;
  readonly #chunks = new Chunks();
  readonly #nodes: readonly Node[];
  /**
   * By the start of the payload: the index in #nodes of each node of the source that still exists.
   */
  readonly #places = new Map<number, number>();
  #written = 0;
  readonly #newInputs: Set<Value>;
  readonly #newInitializers: Set<Value>;
  #outputs = 0;

  constructor(graph: Graph, source: Source, placement: Placement, nodeWriter: NodeWriter) {
    const isFunction = graph.kind === 'function';
    this.#graph = graph;
    this.#source = source;
    this.#placement = placement;
    this.#nodeWriter = nodeWriter;
    this.#fields = isFunction ? FUNCTION_FIELDS : GRAPH_FIELDS;
    this.#shape = isFunction ? FUNCTION : GRAPH;
    this.#range = (graph.origin as GraphOrigin | undefined) ?? NOWHERE;
    this.#nodes = [...graph.nodes()];
    for (const [place, node] of this.#nodes.entries()) {
      const origin = node.origin as NodeOrigin | undefined;
      if (origin !== undefined) this.#places.set(origin.range.start, place);
    }
    this.#newInputs = new Set(graph.inputs.filter((value) => !this.#isDemoted(value)));
    this.#newInitializers = new Set(Array.from(graph.initializers(), ([value]) => value));
  }

  run(): Chunks {
    const { bytes } = this.#source;
    const chunks = this.#chunks;
    let gone: Set<string> | undefined;
    const records = new Records(bytes, this.#range);
    while (records.next()) {
      switch (records.field) {
        case this.#fields.node:
          this.#node(records);
          break;
        case this.#fields.initializer:
          this.#initializer(records);
          break;
        case this.#fields.input:
          this.#input(records);
          break;
        case this.#fields.output:
          this.#output(records);
          break;
        case this.#fields.valueInfo:
          gone ??= this.#vanished();
          if (!gone.has(valueInfoName(bytes, records.payload))) this.#copy(records);
          break;
        default:
          this.#copy(records);
      }
    }
    if (this.#range === NOWHERE) this.#head();
    this.#nodesUpTo(this.#nodes.length);
    for (const value of this.#newInitializers) {
      const { initializer, name } = value;
      chunks.message(this.#fields.initializer!, encodeTensor(initializer!, name, this.#placement));
    }
    for (const value of this.#newInputs) this.#signature(this.#fields.input, value);
    for (const value of this.#graph.outputs.slice(this.#outputs)) {
      this.#signature(this.#fields.output, value);
    }
    return chunks;
  }

  /** Writes the name of a graph that has no source. */
  #head(): void {
    if (this.#graph.kind === 'function') {
      throw new ConvfuseError(
        'ERR_UNSUPPORTED',
        'functions can only be written if they were read from a file',
      );
    }
    this.#chunks.text(this.#fields.name, this.#graph.name || 'graph');
  }

  /** Names that the source defines but the graph no longer does. */
  #vanished(): Set<string> {
    const { bytes } = this.#source;
    const { values } = this.#graph;
    const gone = new Set<string>();
    const records = new Records(bytes, this.#range);
    while (records.next()) {
      if (records.field === this.#fields.node) {
        const { outputs } = parseNode(bytes, records.payload);
        for (const name of outputs) if (!values.has(name)) gone.add(name);
      } else if (records.field === this.#fields.initializer) {
        const name = tensorName(bytes, records.payload);
        if (!values.has(name)) gone.add(name);
      }
    }
    return gone;
  }

  #copy(records: Records): void {
    copyRecord(records, this.#shape, this.#source, this.#placement, this.#chunks);
  }

  /** Writes a node of the source, after the new nodes that now precede it. */
  #node(records: Records): void {
    const place = this.#places.get(records.body);
    if (place === undefined || place < this.#written) return;
    this.#nodesUpTo(place);
    this.#chunks.replace(records, this.#nodeWriter.encode(this.#nodes[this.#written++]!));
  }

  #nodesUpTo(end: number): void {
    while (this.#written < end) {
      const content = this.#nodeWriter.encode(this.#nodes[this.#written++]!);
      this.#chunks.message(this.#fields.node, content);
    }
  }

  #initializer(records: Records): void {
    const name = tensorName(this.#source.bytes, records.payload);
    const value = this.#graph.values.get(name);
    if (value?.initializer === undefined) return;
    this.#newInitializers.delete(value);
    const origin = value.initializer.origin as TensorOrigin | undefined;
    if (origin?.source === this.#source && origin.range.start === records.body) {
      this.#copy(records);
      return;
    }
    const content = encodeTensor(value.initializer, name, this.#placement);
    this.#chunks.message(records.field, content);
  }

  #input(records: Records): void {
    const value = this.#graph.values.get(this.#signatureName(records));
    if (value === undefined || !this.#newInputs.delete(value)) return;
    this.#copy(records);
  }

  #output(records: Records): void {
    const value = this.#graph.outputs[this.#outputs++];
    if (value === undefined) return;
    if (value.name === this.#signatureName(records)) this.#copy(records);
    else if (this.#graph.kind === 'function') this.#chunks.text(records.field, value.name);
    else {
      const { bytes } = this.#source;
      const content = renameValueInfo(bytes, records.payload, value.name);
      this.#chunks.message(records.field, content);
    }
  }

  /** The name in an input's or output's record: functions have bare names there. */
  #signatureName(records: Records): string {
    const { bytes } = this.#source;
    return this.#graph.kind === 'function'
      ? decodeText(bytes, records.body, records.end)
      : valueInfoName(bytes, records.payload);
  }

  #signature(field: number, value: Value): void {
    if (this.#graph.kind === 'function') this.#chunks.text(field, value.name);
    else this.#chunks.message(field, encodeValueInfo(value));
  }

  /** Whether an input must become a plain initializer because of `constantInitializers`. */
  #isDemoted(value: Value): boolean {
    const { model, kind } = this.#graph;
    return (
      kind === 'main' &&
      model.constantInitializers &&
      model.irVersion >= 4 &&
      value.initializer !== undefined
    );
  }
}
