import { ConvfuseError } from '../errors.js';
import type { Attribute } from '../ir/attributes.js';
import type { Graph } from '../ir/graph.js';
import { FileConstant } from './file-constant.js';
import { AttributeProto_AttributeType as Type } from './gen/onnx_pb.js';
import { MAX_ATTRIBUTE_NUMBERS } from './limits.js';
import type { Source } from './source.js';
import { parseTensor } from './tensor-record.js';
import { decodeText } from './text.js';
import { Records, Varints, type Range } from './wire.js';

/** Field numbers of AttributeProto. */
export const ATTRIBUTE_GRAPH = 6;
export const ATTRIBUTE_GRAPHS = 11;

/** The field number of the value, by attribute type. */
const VALUE_FIELD: ReadonlyMap<number, number> = new Map([
  [Type.FLOAT, 2],
  [Type.INT, 3],
  [Type.STRING, 4],
  [Type.TENSOR, 5],
  [Type.GRAPH, ATTRIBUTE_GRAPH],
  [Type.FLOATS, 7],
  [Type.INTS, 8],
  [Type.STRINGS, 9],
  [Type.TENSORS, 10],
  [Type.GRAPHS, ATTRIBUTE_GRAPHS],
  [Type.TYPE_PROTO, 14],
  [Type.TYPE_PROTOS, 15],
  [Type.SPARSE_TENSOR, 22],
  [Type.SPARSE_TENSORS, 23],
]);
const TYPE_OF_FIELD = new Map(Array.from(VALUE_FIELD, ([type, field]) => [field, type]));

/** Name, reference and type of an attribute; its value is read later. */
interface Head {
  readonly name: string;
  readonly reference: string;
  readonly type: number;
}

/**
 * Reads an AttributeProto.
 *
 * @param label the node, for messages
 * @param body builds the graph of a record in the attribute
 * @throws ConvfuseError ERR_MODEL, ERR_TENSOR, ERR_LIMIT
 */
export function parseAttribute(
  source: Source,
  range: Range,
  label: string,
  body: (range: Range) => Graph,
): Attribute {
  const { bytes } = source;
  const { name, reference, type } = parseHead(bytes, range, label);
  if (reference !== '') return { name, kind: 'reference', value: reference };
  const field = VALUE_FIELD.get(type);
  const payloads = field === undefined ? [] : payloadsOf(bytes, range, field);
  const last = payloads.at(-1);
  const missing = (): ConvfuseError =>
    new ConvfuseError('ERR_MODEL', `attribute ${name} of ${label} has no value`);
  switch (type) {
    case Type.FLOAT:
      return { name, kind: 'float', value: last ? floatsIn(bytes, [last])[0]! : 0 };
    case Type.INT:
      return { name, kind: 'int', value: last ? intsIn(bytes, [last])[0]! : 0 };
    case Type.STRING:
      return { name, kind: 'string', value: last ? decodeText(bytes, last.start, last.end) : '' };
    case Type.TENSOR: {
      if (last === undefined) throw missing();
      const title = `${name} of ${label}`;
      const record = parseTensor(bytes, last, title);
      return { name, kind: 'tensor', value: new FileConstant(source, last, record, title) };
    }
    case Type.GRAPH:
      if (last === undefined) throw missing();
      return { name, kind: 'graph', value: body(last) };
    case Type.FLOATS:
      return { name, kind: 'floats', value: floatsIn(bytes, payloads) };
    case Type.INTS:
      return { name, kind: 'ints', value: intsIn(bytes, payloads) };
    case Type.STRINGS: {
      const value = payloads.map(({ start, end }) => decodeText(bytes, start, end));
      return { name, kind: 'strings', value };
    }
    case Type.GRAPHS:
      return { name, kind: 'graphs', value: payloads.map(body) };
    default:
      return { name, kind: 'other', value: undefined };
  }
}

/** The name in an AttributeProto. */
export function attributeName(bytes: Uint8Array, range: Range): string {
  let name = '';
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === 1) name = decodeText(bytes, records.body, records.end);
  }
  return name;
}

function parseHead(bytes: Uint8Array, range: Range, label: string): Head {
  let name = '';
  let reference = '';
  let declared = 0;
  let implied = 0;
  const records = new Records(bytes, range);
  while (records.next()) {
    const { field, body, end } = records;
    if (field === 1) name = decodeText(bytes, body, end);
    else if (field === 21) reference = decodeText(bytes, body, end);
    else if (field === 20) declared = records.int64;
    else {
      const type = TYPE_OF_FIELD.get(field) ?? 0;
      if (type === 0) continue;
      // Some writers set several value fields to their defaults; the declared type tells which one
      // counts. Without a declared type there must be only one.
      implied = implied === 0 || implied === type ? type : -1;
    }
  }
  if (name === '') throw new ConvfuseError('ERR_MODEL', `an attribute of ${label} has no name`);
  const type = declared === 0 ? implied : declared;
  if (type === -1 || (type === 0 && reference === '')) {
    throw new ConvfuseError(
      'ERR_MODEL',
      `attribute ${name} of ${label} has no type, or values of several`,
    );
  }
  if (declared !== 0 && implied > 0 && implied !== declared && VALUE_FIELD.has(declared)) {
    throw new ConvfuseError(
      'ERR_MODEL',
      `attribute ${name} of ${label} has a value of another type than it declares`,
    );
  }
  return { name, reference, type };
}

/** Payloads of a field's records; for varints, their bytes. */
function payloadsOf(bytes: Uint8Array, range: Range, field: number): Range[] {
  const payloads: Range[] = [];
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field !== field) continue;
    payloads.push(records.payload);
    if (payloads.length > MAX_ATTRIBUTE_NUMBERS) throw tooMany();
  }
  return payloads;
}

function floatsIn(bytes: Uint8Array, payloads: readonly Range[]): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const floats: number[] = [];
  for (const { start, end } of payloads) {
    for (let at = start; at < end; at += 4) floats.push(view.getFloat32(at, true));
    if (floats.length > MAX_ATTRIBUTE_NUMBERS) throw tooMany();
  }
  return floats;
}

/** Integers beyond 2^53 are rounded; no attribute that is read here has such values. */
function intsIn(bytes: Uint8Array, payloads: readonly Range[]): number[] {
  const ints: number[] = [];
  for (const { start, end } of payloads) {
    const varints = new Varints(bytes, start, end);
    while (varints.more) {
      varints.read();
      ints.push(varints.int64);
      if (ints.length > MAX_ATTRIBUTE_NUMBERS) throw tooMany();
    }
  }
  return ints;
}

function tooMany(): ConvfuseError {
  return new ConvfuseError(
    'ERR_LIMIT',
    `an attribute has more than ${MAX_ATTRIBUTE_NUMBERS} numbers`,
  );
}
