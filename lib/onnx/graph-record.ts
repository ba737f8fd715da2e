import { ConvfuseError } from '../errors.js';
import { MAX_NODES, MAX_VALUES } from './limits.js';
import { RangeList } from './range-list.js';
import { decodeText } from './text.js';
import { Records, type Range } from './wire.js';

/** The parts of a GraphProto or a FunctionProto, as payloads of its records. */
export interface GraphRecord {
  name: string;
  readonly nodes: RangeList;
  readonly initializers: RangeList;
  readonly sparse: RangeList;
  readonly inputs: RangeList;
  readonly outputs: RangeList;
  readonly valueInfo: RangeList;
  readonly annotations: RangeList;
}

/** Field numbers of the parts that GraphProto and FunctionProto have in common. */
export interface GraphFields {
  readonly node: number;
  readonly name: number;
  readonly initializer: number | undefined;
  readonly sparse: number | undefined;
  readonly input: number;
  readonly output: number;
  readonly valueInfo: number;
  readonly annotation: number | undefined;
}

export const GRAPH_FIELDS: GraphFields = {
  node: 1,
  name: 2,
  initializer: 5,
  sparse: 15,
  input: 11,
  output: 12,
  valueInfo: 13,
  annotation: 14,
};

/** A function's inputs and outputs are bare names, and it has no initializers. */
export const FUNCTION_FIELDS: GraphFields = {
  node: 7,
  name: 1,
  initializer: undefined,
  sparse: undefined,
  input: 4,
  output: 5,
  valueInfo: 12,
  annotation: undefined,
};

/**
 * Collects the records of a graph or function.
 *
 * @throws ConvfuseError ERR_LIMIT, before it has collected more than the limits allow
 */
export function parseGraph(bytes: Uint8Array, range: Range, fields: GraphFields): GraphRecord {
  const graph: GraphRecord = {
    name: '',
    nodes: new RangeList(),
    initializers: new RangeList(),
    sparse: new RangeList(),
    inputs: new RangeList(),
    outputs: new RangeList(),
    valueInfo: new RangeList(),
    annotations: new RangeList(),
  };
  const lists = new Map<number | undefined, RangeList>([
    [fields.node, graph.nodes],
    [fields.initializer, graph.initializers],
    [fields.sparse, graph.sparse],
    [fields.input, graph.inputs],
    [fields.output, graph.outputs],
    [fields.valueInfo, graph.valueInfo],
    [fields.annotation, graph.annotations],
  ]);
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === fields.name) graph.name = decodeText(bytes, records.body, records.end);
    const list = lists.get(records.field);
    if (list === undefined) continue;
    list.push(records.body, records.end);
    if (list.length > (list === graph.nodes ? MAX_NODES : MAX_VALUES)) throw tooMany();
  }
  return graph;
}

function tooMany(): ConvfuseError {
  return new ConvfuseError('ERR_LIMIT', `more than ${MAX_NODES} nodes, or ${MAX_VALUES} values`);
}
