import type { Constant } from '../ir/constant.js';
import { Chunks } from './chunks.js';
import { codeOf } from './data-types.js';
import type { ExternalRegion } from './external-region.js';
import { parseEntry } from './external-region.js';
import type { TensorOrigin } from './file-constant.js';
import { LEAST_EXTERNAL_BYTES, type DataBlock, type Placement } from './placement.js';
import { rawBytes } from './raw-data.js';
import type { Source } from './source.js';
import {
  parseTensor,
  TENSOR_DATA_LOCATION,
  TENSOR_EXTERNAL_DATA,
  TENSOR_NAME,
  TENSOR_RAW_DATA,
} from './tensor-record.js';
import { decodeText } from './text.js';
import { Records, type Range } from './wire.js';

const REPLACED = ['location', 'offset', 'length', 'checksum'];

/** The name in a TensorProto. */
export function tensorName(bytes: Uint8Array, range: Range): string {
  let name = '';
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === TENSOR_NAME) name = decodeText(bytes, records.body, records.end);
  }
  return name;
}

/** Encodes a constant as a TensorProto with the given name. */
export function encodeTensor(constant: Constant, name: string, placement: Placement): Chunks {
  const origin = constant.origin as TensorOrigin | undefined;
  if (origin !== undefined) {
    const { source, range } = origin;
    const renamed = tensorName(source.bytes, range) === name ? undefined : name;
    return spliceTensor(source, range, placement, renamed);
  }
  const { type, dims, data } = constant.read();
  const tensor = new Chunks();
  for (const dim of dims) tensor.integer(1, dim);
  tensor.integer(2, codeOf(type));
  if (name !== '') tensor.text(TENSOR_NAME, name);
  if (!ArrayBuffer.isView(data)) {
    for (const string of data) tensor.text(6, string);
    return tensor;
  }
  const bytes = rawBytes(data);
  if (placement.kind === 'data file' && bytes.length >= LEAST_EXTERNAL_BYTES) {
    const block = placement.add(undefined, bytes.length, () => bytes);
    return refer(tensor, placement.location, block).integer(TENSOR_DATA_LOCATION, 1);
  }
  return tensor.bytes(TENSOR_RAW_DATA, bytes);
}

/**
 * Encodes a TensorProto of the source: unchanged except for its name and the place of its elements.
 */
export function spliceTensor(
  source: Source,
  range: Range,
  placement: Placement,
  name?: string,
): Chunks {
  const { bytes } = source;
  const record = parseTensor(bytes, range, name ?? '');
  const { external, byteLength } = record;
  const rawBlock =
    placement.kind === 'data file' && placement.everything && byteLength >= LEAST_EXTERNAL_BYTES
      ? record.raw
      : undefined;
  const moves = placement.kind !== 'keep' && (external !== undefined || rawBlock !== undefined);
  if (!moves && name === undefined)
    return new Chunks().push(bytes.subarray(range.start, range.end));
  const tensor = new Chunks();
  const records = new Records(bytes, range);
  const kept: [string, string][] = [];
  while (records.next()) {
    const { field } = records;
    if (field === TENSOR_NAME && name !== undefined) continue;
    if (moves) {
      if (field === TENSOR_EXTERNAL_DATA) {
        const entry = parseEntry(bytes, records.payload);
        if (!REPLACED.includes(entry[0])) kept.push(entry);
      }
      if (DATA_FIELDS.includes(field)) continue;
    }
    tensor.push(bytes.subarray(records.start, records.end));
  }
  if (name !== undefined) tensor.text(TENSOR_NAME, name);
  if (!moves) return tensor;
  const read = (): Uint8Array =>
    external !== undefined
      ? source.external!.read(external, byteLength)
      : bytes.subarray(rawBlock!.start, rawBlock!.end);
  if (placement.kind === 'inline') return tensor.bytes(TENSOR_RAW_DATA, read());
  const block = placement.add(identityOf(external, rawBlock), byteLength, read);
  refer(tensor, placement.location, block);
  for (const [key, value] of kept) tensor.entry(TENSOR_EXTERNAL_DATA, key, value);
  return tensor.integer(TENSOR_DATA_LOCATION, 1);
}

const DATA_FIELDS = [TENSOR_RAW_DATA, TENSOR_EXTERNAL_DATA, TENSOR_DATA_LOCATION];

function identityOf(external: ExternalRegion | undefined, raw: Range | undefined): string {
  return external === undefined
    ? `raw:${raw!.start}`
    : `${external.offset}:${external.length}:${external.location}`;
}

function refer(tensor: Chunks, location: string, block: DataBlock): Chunks {
  return tensor
    .entry(TENSOR_EXTERNAL_DATA, 'location', location)
    .entry(TENSOR_EXTERNAL_DATA, 'offset', String(block.offset))
    .entry(TENSOR_EXTERNAL_DATA, 'length', String(block.length));
}
