import { allocate, type DataType, type TensorData } from '../tensor/dtype.js';
import type { TypedField } from './data-types.js';
import { toHostOrder } from './raw-data.js';
import { typedFieldNumber } from './tensor-record.js';
import { decodeText } from './text.js';
import { Records, Varints, type Range } from './wire.js';

/**
 * Reads elements of float_data, int32_data and similar fields: packed into one or several records,
 * one per record, or mixed. Narrow types take the low bits of their entries.
 *
 * @param range payload of the TensorProto, which has `count` entries in `field`
 */
export function readTyped(
  type: DataType,
  count: number,
  bytes: Uint8Array,
  range: Range,
  field: TypedField,
): TensorData {
  const number = typedFieldNumber(field);
  const records = new Records(bytes, range);
  if (field === 'string') return readStrings(records, number);
  const data = allocate(type, count) as Exclude<TensorData, readonly string[]>;
  if (field === 'float' || field === 'double') {
    copyFloats(records, number, data);
  } else {
    const put = setterFor(data);
    let index = 0;
    while (records.next()) {
      if (records.field !== number) continue;
      const varints = new Varints(bytes, records.body, records.end);
      while (varints.more) {
        varints.read();
        put(index++, varints);
      }
    }
  }
  return data;
}

/** Copies floats as bytes, so that NaN payloads survive. */
function copyFloats(
  records: Records,
  number: number,
  data: Exclude<TensorData, readonly string[]>,
): void {
  const target = new Uint8Array(data.buffer);
  let at = 0;
  while (records.next()) {
    if (records.field !== number) continue;
    target.set(records.bytes.subarray(records.body, records.end), at);
    at += records.end - records.body;
  }
  toHostOrder(target, data.BYTES_PER_ELEMENT);
}

function setterFor(
  data: Exclude<TensorData, readonly string[]>,
): (index: number, varints: Varints) => void {
  if (data instanceof BigInt64Array) {
    return (index, varints) => {
      data[index] = varints.exactInt64;
    };
  }
  if (data instanceof BigUint64Array) {
    return (index, varints) => {
      data[index] = varints.exactUint64;
    };
  }
  // Assigning to the array keeps the low bits, with the sign of its type.
  return (index, varints) => {
    data[index] = varints.low;
  };
}

function readStrings(records: Records, number: number): string[] {
  const strings: string[] = [];
  while (records.next()) {
    if (records.field === number) {
      strings.push(decodeText(records.bytes, records.body, records.end));
    }
  }
  return strings;
}
