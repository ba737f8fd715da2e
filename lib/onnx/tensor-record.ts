import { ConvfuseError } from '../errors.js';
import { storageOf, type Storage, type TypedField } from './data-types.js';
import { parseRegion, type ExternalRegion } from './external-region.js';
import { MAX_RANK } from './limits.js';
import { decodeText } from './text.js';
import { DELIMITED, Records, Varints, type Range } from './wire.js';

/** A TensorProto whose parts have been checked for consistency. */
export interface TensorRecord {
  readonly name: string;
  /** undefined: an unknown type code. */
  readonly storage: Storage | undefined;
  readonly dims: readonly number[];
  /** Elements. */
  readonly count: number;
  readonly raw: Range | undefined;
  readonly external: ExternalRegion | undefined;
  /** Bytes of the elements, wherever they are. */
  readonly byteLength: number;
}

/** Field numbers of TensorProto. */
export const TENSOR_NAME = 8;
export const TENSOR_RAW_DATA = 9;
export const TENSOR_EXTERNAL_DATA = 13;
export const TENSOR_DATA_LOCATION = 14;
const TYPED_FIELDS: ReadonlyMap<number, TypedField> = new Map([
  [4, 'float'],
  [5, 'int32'],
  [6, 'string'],
  [7, 'int64'],
  [10, 'double'],
  [11, 'uint64'],
]);

/** The field number of a typed field. */
export function typedFieldNumber(field: TypedField): number {
  for (const [number, name] of TYPED_FIELDS) if (name === field) return number;
  throw new RangeError(field); // unreachable: the map is complete
}

/**
 * Reads the head of a tensor and locates its data, without reading it.
 *
 * @param label the tensor in messages, when it has no name
 * @throws ConvfuseError ERR_TENSOR, ERR_LIMIT, ERR_EXTERNAL_DATA
 */
export function parseTensor(bytes: Uint8Array, range: Range, label: string): TensorRecord {
  const dims: number[] = [];
  const regions: Range[] = [];
  let name = '';
  let code = 0;
  let raw: Range | undefined;
  let location = 0;
  let segmented = false;
  let typed: TypedField | undefined;
  let typedEntries = 0;
  let typedBytes = 0;
  let typedFields = 0;
  const records = new Records(bytes, range);
  while (records.next()) {
    switch (records.field) {
      case 1:
        readDims(records, dims);
        break;
      case 2:
        code = records.int32;
        break;
      case 3:
        segmented = true;
        break;
      case TENSOR_NAME:
        name = decodeText(bytes, records.body, records.end);
        break;
      case TENSOR_RAW_DATA:
        raw = records.payload;
        break;
      case TENSOR_EXTERNAL_DATA:
        regions.push(records.payload);
        break;
      case TENSOR_DATA_LOCATION:
        location = records.int64;
        break;
      default: {
        const field = TYPED_FIELDS.get(records.field);
        const entries = field === undefined ? 0 : entriesIn(records);
        if (entries === 0) break;
        if (field !== typed) typedFields += 1;
        typed = field;
        typedEntries += entries;
        typedBytes += records.end - records.body;
      }
    }
  }
  const title = name === '' ? label : name;
  const storage = storageOf(code);
  const bad = (what: string): ConvfuseError =>
    new ConvfuseError('ERR_TENSOR', `tensor ${title} ${what}`);
  if (code <= 0) throw bad(`has the element type ${code}`);
  if (segmented) throw bad('is split into segments');
  if (location !== 0 && location !== 1) throw bad(`has the data location ${location}`);
  const count = countElements(dims, bad);
  const empty = raw !== undefined && raw.start === raw.end;
  const places = typedFields + (raw !== undefined && !empty ? 1 : 0);
  const head = { name, storage, dims, count };
  if (location === 1) {
    if (places > 0) throw bad('has data both in the model and in a data file');
    const external = parseRegion(bytes, regions, title);
    const byteLength =
      storage === undefined ? (external.length ?? 0) : Math.ceil((count * storage.bits) / 8);
    if (storage?.type === 'string') throw bad('has strings in a data file');
    return { ...head, raw: undefined, external, byteLength };
  }
  if (places > 1) throw bad('has data in two fields');
  if (storage !== undefined) {
    checkData(storage, count, empty ? undefined : raw, typed, typedEntries, bad);
  }
  const byteLength = raw !== undefined && !empty ? raw.end - raw.start : typedBytes;
  return { ...head, raw, external: undefined, byteLength };
}

function readDims(records: Records, dims: number[]): void {
  if (records.wire === DELIMITED) {
    const varints = new Varints(records.bytes, records.body, records.end);
    while (varints.more) {
      varints.read();
      addDim(dims, varints.int64);
    }
  } else {
    addDim(dims, records.int64);
  }
}

function addDim(dims: number[], dim: number): void {
  if (dims.length === MAX_RANK) {
    throw new ConvfuseError('ERR_LIMIT', `a tensor has more than ${MAX_RANK} dimensions`);
  }
  dims.push(dim);
}

/** The product of the dimensions; each of them and the product must be below 2^53. */
function countElements(dims: readonly number[], bad: (what: string) => ConvfuseError): number {
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) throw bad(`has the dimension ${dim}`);
  }
  if (dims.includes(0)) return 0;
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (!Number.isSafeInteger(count)) throw bad('has too many elements');
  return count;
}

/** The number of entries in one record of a typed field. */
function entriesIn(records: Records): number {
  const { bytes, body, end, field, wire } = records;
  if (field === 6 || wire !== DELIMITED) return 1;
  if (field === 4) return (end - body) / 4;
  if (field === 10) return (end - body) / 8;
  let count = 0;
  for (let at = body; at < end; at++) if (bytes[at]! < 0x80) count++;
  return count;
}

function checkData(
  storage: Storage,
  count: number,
  raw: Range | undefined,
  typed: TypedField | undefined,
  entries: number,
  bad: (what: string) => ConvfuseError,
): void {
  if (raw !== undefined) {
    if (storage.type === 'string') throw bad('has strings in raw_data');
    const wanted = Math.ceil((count * storage.bits) / 8);
    const found = raw.end - raw.start;
    if (found !== wanted) throw bad(`needs ${wanted} bytes of raw_data, and has ${found}`);
    return;
  }
  if (typed !== undefined && typed !== storage.field) throw bad(`has its data in ${typed}_data`);
  const wanted = Math.ceil(count / storage.perEntry);
  if (entries !== wanted) throw bad(`needs ${wanted} entries of data, and has ${entries}`);
}
