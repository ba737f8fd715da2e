import { ConvfuseError } from '../errors.js';
import type { Attribute } from '../ir/attributes.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { parseAttribute } from './attribute-record.js';
import { checkCalls } from './call-graph.js';
import { checkWire } from './check-wire.js';
import { GraphReader } from './graph-reader.js';
import { KNOWN_IR_VERSION, KNOWN_OPSET, MAX_MODEL_BYTES } from './limits.js';
import { lookAlike } from './look-alike.js';
import { MODEL } from './message-shapes.js';
import { modelError, quoted } from './model-error.js';
import { collectTexts, shapeOfField } from './names.js';
import { normalDomain } from './node-record.js';
import type { Source } from './source.js';
import { decodeText } from './text.js';
import { Records, type Range } from './wire.js';

/** Field numbers of ModelProto. */
export const MODEL_GRAPH = 7;
export const MODEL_FUNCTIONS = 25;
const TRAINING_INFO = shapeOfField(MODEL, 'training_info');

interface ModelRecord {
  irVersion: number;
  producer: string;
  graph: Range | undefined;
  readonly opsetImport: Range[];
  readonly training: Range[];
  readonly functions: Range[];
}

/**
 * Reads an ONNX file. The model shares the bytes: nobody may change them while it lives.
 *
 * @throws ConvfuseError ERR_PARSE, ERR_DEPTH, ERR_LIMIT, ERR_MODEL, ERR_TENSOR,
 *   ERR_EXTERNAL_PATH, ERR_EXTERNAL_DATA, ERR_IO
 */
export function readModel(source: Source): Model {
  const { bytes } = source;
  if (bytes.length > MAX_MODEL_BYTES) {
    throw new ConvfuseError(
      'ERR_LIMIT',
      'a model file may not pass 2 GiB: save it with its weights as external data',
    );
  }
  const record = parseModel(bytes);
  const model = startModel(bytes, record);
  model.origin = source;
  const reader = new GraphReader(source, model);
  for (const range of record.functions) readFunction(bytes, range, model, reader);
  model.graph = reader.graph(record.graph!, model.opsets);
  for (const training of record.training) pinTrained(bytes, training, model);
  checkCalls(model);
  return model;
}

/** Checks all levels of the file and reads the top one. */
function parseModel(bytes: Uint8Array): ModelRecord {
  const record: ModelRecord = {
    irVersion: 0,
    producer: '',
    graph: undefined,
    opsetImport: [],
    training: [],
    functions: [],
  };
  try {
    checkWire(bytes, MODEL);
    const records = new Records(bytes, { start: 0, end: bytes.length });
    while (records.next()) {
      if (records.field === 1) record.irVersion = records.int64;
      if (records.field === 2) record.producer = decodeText(bytes, records.body, records.end);
      if (records.field === MODEL_GRAPH) record.graph = records.payload;
      if (records.field === 8) record.opsetImport.push(records.payload);
      if (records.field === 20) record.training.push(records.payload);
      if (records.field === MODEL_FUNCTIONS) record.functions.push(records.payload);
    }
    if (bytes.length === 0) throw new ConvfuseError('ERR_PARSE', 'the file is empty');
    if (record.graph === undefined) throw modelError('the file has no graph');
    if (record.irVersion <= 0)
      throw modelError(`expected 1 or more for ir_version, received ${record.irVersion}`);
  } catch (error) {
    const alike = lookAlike(bytes);
    if (alike === undefined) throw error;
    throw new ConvfuseError('ERR_PARSE', `not an ONNX file: it looks like ${alike}`, {
      cause: error,
    });
  }
  return record;
}

function startModel(bytes: Uint8Array, record: ModelRecord): Model {
  const opsets = readOpsets(bytes, record.opsetImport);
  if (opsets.size === 0) {
    if (record.irVersion >= 3) throw modelError('the file imports no operator set');
    opsets.set('', 1); // operator sets came with IR 3
  }
  const model = new Model(record.irVersion, opsets, record.producer);
  const opset = opsets.get('') ?? 0;
  if (record.irVersion > KNOWN_IR_VERSION) {
    model.unknownVersion = `IR version ${record.irVersion} (known: up to ${KNOWN_IR_VERSION})`;
  } else if (opset > KNOWN_OPSET) {
    model.unknownVersion = `opset ${opset} (known: up to ${KNOWN_OPSET})`;
  }
  return model;
}

function readOpsets(bytes: Uint8Array, ranges: readonly Range[]): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const range of ranges) {
    let domain = '';
    let version = 0;
    const records = new Records(bytes, range);
    while (records.next()) {
      if (records.field === 1) domain = normalDomain(decodeText(bytes, records.body, records.end));
      if (records.field === 2) version = records.int64;
    }
    if (opsets.has(domain)) throw modelError(`operator set ${quoted(domain)} is imported twice`);
    if (version <= 0) throw modelError(`operator set ${quoted(domain)} has the version ${version}`);
    opsets.set(domain, version);
  }
  return opsets;
}

function readFunction(bytes: Uint8Array, range: Range, model: Model, reader: GraphReader): void {
  let name = '';
  let domain = '';
  let overload = '';
  const opsetImport: Range[] = [];
  const attributes: Range[] = [];
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === 1) name = decodeText(bytes, records.body, records.end);
    if (records.field === 9) opsetImport.push(records.payload);
    if (records.field === 10) domain = normalDomain(decodeText(bytes, records.body, records.end));
    if (records.field === 11) attributes.push(records.payload);
    if (records.field === 13) overload = decodeText(bytes, records.body, records.end);
  }
  if (model.definesFunction(domain, name, overload)) {
    throw modelError(`function ${quoted(name)} is defined twice`);
  }
  const body = reader.functionBody(range, readOpsets(bytes, opsetImport));
  const defaults = attributes.flatMap((range) => defaultOf(model.origin as Source, range, name));
  model.addFunction({
    ...{ domain, name, overload, body },
    defaults: new Map(defaults.map((attribute) => [attribute.name, attribute])),
  });
}

/**
 * The default value of a function's attribute. Graphs are ignored: the runtime could not run them.
 */
function defaultOf(source: Source, range: Range, name: string): Attribute[] {
  let holdsGraph = false;
  const attribute = parseAttribute(source, range, `function ${quoted(name)}`, () => {
    holdsGraph = true;
    return new Graph(new Model(0, new Map()), 'body', '', new Map());
  });
  return holdsGraph ? [] : [attribute];
}

/** Pins all values that training information mentions: they must keep their names and meaning. */
function pinTrained(bytes: Uint8Array, range: Range, model: Model): void {
  for (const name of collectTexts(bytes, range, TRAINING_INFO)) {
    model.names.add(name);
    const value = model.graph.values.get(name);
    if (value !== undefined) value.pinned ??= 'training information';
  }
}
