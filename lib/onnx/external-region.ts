import { ConvfuseError } from '../errors.js';
import { decodeText } from './text.js';
import { Records, type Range } from './wire.js';

/** The place of a tensor's elements outside the model file. */
export interface ExternalRegion {
  readonly location: string;
  readonly offset: number;
  /** undefined: as many bytes as the tensor needs. */
  readonly length: number | undefined;
  /** SHA-1 of the whole data file, in hexadecimal. */
  readonly checksum: string | undefined;
  /** Unknown keys, which are kept. */
  readonly unknownKeys: readonly string[];
}

const KNOWN = ['location', 'offset', 'length', 'checksum'];

/**
 * Reads the external_data entries of a tensor.
 *
 * @param entries payloads of StringStringEntryProto records
 * @throws ConvfuseError ERR_EXTERNAL_DATA, ERR_EXTERNAL_PATH
 */
export function parseRegion(
  bytes: Uint8Array,
  entries: readonly Range[],
  tensor: string,
): ExternalRegion {
  const found = new Map<string, string>();
  for (const entry of entries) {
    const [key, value] = parseEntry(bytes, entry);
    if (found.has(key)) throw bad(tensor, `has two entries ${JSON.stringify(key)}`);
    found.set(key, value);
  }
  const location = found.get('location');
  if (location === undefined) throw bad(tensor, 'has no location');
  const checksum = found.get('checksum')?.toLowerCase();
  if (checksum !== undefined && !/^[0-9a-f]{40}$/.test(checksum)) {
    throw bad(tensor, 'has a checksum that is no SHA-1');
  }
  return {
    location,
    offset: decimal(found.get('offset'), 'offset', tensor) ?? 0,
    length: decimal(found.get('length'), 'length', tensor),
    checksum,
    unknownKeys: [...found.keys()].filter((key) => !KNOWN.includes(key)),
  };
}

/** The key and the value of a StringStringEntryProto. */
export function parseEntry(bytes: Uint8Array, range: Range): [key: string, value: string] {
  let key = '';
  let value = '';
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === 1) key = decodeText(bytes, records.body, records.end);
    if (records.field === 2) value = decodeText(bytes, records.body, records.end);
  }
  return [key, value];
}

/** A number of digits only: other readers treat signs, blanks or 1e9 differently. */
function decimal(text: string | undefined, key: string, tensor: string): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw bad(tensor, `has a bad ${key} ${JSON.stringify(text.slice(0, 40))}`);
}

function bad(tensor: string, what: string): ConvfuseError {
  return new ConvfuseError('ERR_EXTERNAL_DATA', `external data of tensor ${tensor} ${what}`);
}
