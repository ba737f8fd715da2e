import { ConvfuseError } from '../errors.js';
import { resolveValue } from '../ir/builder.js';
import { Graph, type GraphKind } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import { Node } from '../ir/node.js';
import { Value } from '../ir/value.js';
import { parseAttribute } from './attribute-record.js';
import { FileConstant } from './file-constant.js';
import { FUNCTION_FIELDS, GRAPH_FIELDS, parseGraph, type GraphRecord } from './graph-record.js';
import { MAX_NODES, MAX_VALUES } from './limits.js';
import { MODEL } from './message-shapes.js';
import { modelError, quoted } from './model-error.js';
import { parseNode, parseOperands, type NodeRecord, type OperandRecord } from './node-record.js';
import { checkAcyclic, isForward } from './node-order.js';
import type { NodeOrigin } from './origin.js';
import { collectTexts, shapeOfField } from './names.js';
import { hiddenBy, isBefore } from './scope.js';
import type { Source } from './source.js';
import { parseTensor } from './tensor-record.js';
import { decodeText } from './text.js';
import { parseDeclaration, valueInfoName } from './value-info.js';
import { Records, type Range } from './wire.js';

const ANNOTATION = shapeOfField(shapeOfField(MODEL, 'graph'), 'quantization_annotation');

/** Builds graphs from their records, and resolves every name to the value that it refers to. */
export class GraphReader {
  readonly #source: Source;
  readonly #model: Model;
  #nodes = 0;
  #values = 0;

  constructor(source: Source, model: Model) {
    this.#source = source;
    this.#model = model;
  }

  /**
   * Reads a GraphProto. Recursion into bodies is bounded: checkWire() has limited the nesting.
   *
   * @throws ConvfuseError ERR_MODEL, ERR_TENSOR, ERR_LIMIT, ERR_EXTERNAL_DATA, ...
   */
  graph(range: Range, opsets: ReadonlyMap<string, number>, owner?: Node): Graph {
    const record = parseGraph(this.#source.bytes, range, GRAPH_FIELDS);
    const graph = this.#start(owner ? 'body' : 'main', record.name, range, opsets, owner);
    for (const input of record.inputs) this.#input(graph, input);
    for (const initializer of record.initializers) this.#initializer(graph, initializer);
    for (const sparse of record.sparse) this.#sparse(graph, sparse);
    this.#body(graph, record);
    graph.outputs = Array.from(record.outputs, (output) => this.#output(graph, output));
    for (const annotation of record.annotations) this.#annotation(graph, annotation);
    return graph;
  }

  /** Reads the body of a FunctionProto. */
  functionBody(range: Range, opsets: ReadonlyMap<string, number>): Graph {
    const { bytes } = this.#source;
    const record = parseGraph(bytes, range, FUNCTION_FIELDS);
    const graph = this.#start('function', record.name, range, opsets);
    const text = ({ start, end }: Range): string => decodeText(bytes, start, end);
    graph.inputs = Array.from(record.inputs, (input) => {
      const value = this.#define(graph, text(input), 'an input');
      value.isInput = true;
      return value;
    });
    this.#body(graph, record);
    graph.outputs = Array.from(record.outputs, (output) => this.#markOutput(graph, text(output)));
    return graph;
  }

  #start(
    kind: GraphKind,
    name: string,
    range: Range,
    opsets: ReadonlyMap<string, number>,
    owner?: Node,
  ): Graph {
    const graph = new Graph(this.#model, kind, name, opsets, owner);
    graph.origin = range;
    return graph;
  }

  #input(graph: Graph, range: Range): void {
    const { bytes } = this.#source;
    const value = this.#define(graph, valueInfoName(bytes, range), 'an input');
    value.isInput = true;
    value.declaration = parseDeclaration(bytes, range);
    graph.inputs.push(value);
  }

  #initializer(graph: Graph, range: Range): void {
    const record = parseTensor(this.#source.bytes, range, 'without a name');
    let value = graph.values.get(record.name);
    if (value === undefined) value = this.#define(graph, record.name, 'an initializer');
    else if (value.initializer !== undefined) {
      throw modelError(`two initializers are called ${quoted(record.name)}`);
    }
    value.initializer = new FileConstant(this.#source, range, record, record.name);
  }

  /**
   * A sparse initializer becomes a pinned value without a constant: its elements are not supported.
   */
  #sparse(graph: Graph, range: Range): void {
    const records = new Records(this.#source.bytes, range);
    while (records.next()) {
      if (records.field !== 1) continue; // `values`, whose name is the initializer's
      const { name } = parseTensor(this.#source.bytes, records.payload, 'without a name');
      const value = graph.values.get(name) ?? this.#define(graph, name, 'a sparse initializer');
      if (value.initializer !== undefined || value.pinned !== undefined) {
        throw modelError(`two initializers are called ${quoted(name)}`);
      }
      value.pinned = 'sparse initializer';
    }
  }

  /** Reads nodes and value infos. All outputs are defined before any input is resolved. */
  #body(graph: Graph, record: GraphRecord): void {
    const { bytes } = this.#source;
    this.#nodes += record.nodes.length;
    if (this.#nodes > MAX_NODES) throw tooMany('nodes', MAX_NODES);
    for (const range of record.nodes) this.#node(graph, parseNode(bytes, range));
    for (const range of record.valueInfo) {
      const name = valueInfoName(bytes, range);
      this.#model.names.add(name);
      const value = graph.values.get(name);
      if (value !== undefined) value.declaration ??= parseDeclaration(bytes, range);
    }
    let sorted = true;
    // Inputs are parsed again instead of kept from the first pass: the records of a large graph
    // would take more memory than the graph.
    for (const node of graph.nodes()) {
      const source = parseOperands(bytes, (node.origin as NodeOrigin).range);
      node.inputs = source.inputs.map((name) => this.#use(graph, node, name));
      this.#attributes(node, source);
    }
    for (const value of graph.values.values()) sorted &&= isForward(value);
    if (!sorted) {
      checkAcyclic(graph);
      this.#model.warnings.push(
        `the nodes of graph ${quoted(graph.name)} are not in topological order`,
      );
    }
  }

  #node(graph: Graph, record: NodeRecord): void {
    const { opType, domain, overload, name } = record;
    const node = new Node(graph, opType, domain, overload, name);
    const origin: NodeOrigin = { range: record.range, attributes: node.attributes };
    node.origin = origin;
    graph.link(node);
    this.#model.names.add(name);
    // Files often fail to import other domains, which have no meaning here anyway.
    if (domain === '' && !graph.opsets.has('')) {
      throw modelError(`${opType} ${quoted(name)} is of the default domain, which is not imported`);
    }
    if (record.placed) node.pinned = 'device configuration';
    node.outputs = record.outputs.map((output) => {
      if (output === '') return undefined;
      const value = this.#define(graph, output, opType);
      value.producer = node;
      return value;
    });
  }

  #attributes(node: Node, record: OperandRecord): void {
    if (record.attributes.length === 0) return;
    const attributes = new Map<string, ReturnType<typeof parseAttribute>>();
    for (const range of record.attributes) {
      const attribute = parseAttribute(this.#source, range, node.label, (body) =>
        this.graph(body, node.graph.opsets, node),
      );
      if (attributes.has(attribute.name)) {
        throw modelError(`${node.label} has two attributes ${quoted(attribute.name)}`);
      }
      attributes.set(attribute.name, attribute);
    }
    node.attributes = attributes;
    (node.origin as NodeOrigin).attributes = attributes;
  }

  #use(graph: Graph, node: Node, name: string): Value | undefined {
    if (name === '') return undefined;
    const value = resolveValue(graph, name);
    if (value === undefined) {
      throw modelError(
        `${node.opType} ${quoted(node.label)} reads ${quoted(name)}, which nothing defines`,
      );
    }
    value.uses.set(node, (value.uses.get(node) ?? 0) + 1);
    return value;
  }

  #output(graph: Graph, range: Range): Value {
    const { bytes } = this.#source;
    const value = this.#markOutput(graph, valueInfoName(bytes, range));
    if (value.graph === graph)
      value.declaration = parseDeclaration(bytes, range) ?? value.declaration;
    return value;
  }

  /** The output of a body may be a value of an outer graph. */
  #markOutput(graph: Graph, name: string): Value {
    const value = resolveValue(graph, name);
    if (value === undefined || (value.graph !== graph && !isBefore(value, graph))) {
      throw modelError(
        `graph output ${quoted(name)} is not defined by any node, input or initializer`,
      );
    }
    value.isOutput = true;
    return value;
  }

  #annotation(graph: Graph, range: Range): void {
    for (const name of collectTexts(this.#source.bytes, range, ANNOTATION)) {
      const value = resolveValue(graph, name);
      if (value !== undefined) value.pinned ??= 'quantization annotation';
    }
  }

  /** @param role what the name is defined as, for messages */
  #define(graph: Graph, name: string, role: string): Value {
    if (name === '') throw modelError(`graph ${quoted(graph.name)} has ${role} without a name`);
    if (graph.values.has(name))
      throw modelError(`${quoted(name)} is defined twice, the second time by ${role}`);
    if (++this.#values > MAX_VALUES) throw tooMany('values', MAX_VALUES);
    const value = new Value(name, graph);
    const hidden = hiddenBy(value);
    if (hidden !== undefined) {
      // Illegal, but real files do it. Both values keep their names and are pinned: an edit that
      // moved a use from one to the other could not be written to a file.
      value.pinned = 'shadowed name';
      hidden.pinned ??= 'shadowed name';
      this.#model.warnings.push(`${quoted(name)} hides a value of an outer graph`);
    }
    graph.values.set(name, value);
    this.#model.names.add(name);
    return value;
  }
}

function tooMany(what: string, limit: number): ConvfuseError {
  return new ConvfuseError('ERR_LIMIT', `more than ${limit} ${what} in the file`);
}
