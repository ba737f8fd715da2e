import type { Declaration, Dim } from '../ir/value.js';
import { storageOf } from './data-types.js';
import { MAX_RANK } from './limits.js';
import { decodeText } from './text.js';
import { Records, type Range } from './wire.js';

/** Field numbers of ValueInfoProto. */
export const VALUE_INFO_NAME = 1;
const VALUE_INFO_TYPE = 2;

/** The name in a ValueInfoProto. */
export function valueInfoName(bytes: Uint8Array, range: Range): string {
  let name = '';
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === VALUE_INFO_NAME) name = decodeText(bytes, records.body, records.end);
  }
  return name;
}

/** The declaration in a ValueInfoProto; undefined when it has no type. */
export function parseDeclaration(bytes: Uint8Array, range: Range): Declaration | undefined {
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === VALUE_INFO_TYPE) return parseType(bytes, records.payload);
  }
  return undefined;
}

/**
 * Reads a TypeProto. Its kinds are a oneof, so the last one counts; only tensors are interpreted.
 */
function parseType(bytes: Uint8Array, range: Range): Declaration {
  let declaration: Declaration = { type: undefined, dims: undefined };
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === 1) declaration = parseTensorType(bytes, records.payload);
    // 6 is the denotation; the others are sequences, maps, optionals ...
    else if (records.field !== 6) declaration = { type: undefined, dims: undefined };
  }
  return declaration;
}

function parseTensorType(bytes: Uint8Array, range: Range): Declaration {
  let type: Declaration['type'];
  let dims: Dim[] | undefined;
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === 1) type = storageOf(records.int32)?.type;
    if (records.field === 2) dims = parseShape(bytes, records.payload);
  }
  return { type, dims };
}

/** Reads a TensorShapeProto; undefined when it has more dimensions than a tensor may have. */
function parseShape(bytes: Uint8Array, range: Range): Dim[] | undefined {
  const dims: Dim[] = [];
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field !== 1) continue;
    if (dims.length === MAX_RANK) return undefined;
    dims.push(parseDim(bytes, records.payload));
  }
  return dims;
}

/** Reads a dimension. Exporters write -1, or an empty symbol, for an unknown one. */
function parseDim(bytes: Uint8Array, range: Range): Dim {
  let dim: Dim;
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === 1) {
      const value = records.int64;
      dim = Number.isSafeInteger(value) && value >= 0 ? value : undefined;
    } else if (records.field === 2) {
      dim = decodeText(bytes, records.body, records.end) || undefined;
    }
  }
  return dim;
}
