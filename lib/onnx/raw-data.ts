// raw_data is little endian: elements are the file's own bytes wherever the host agrees.

import type { Room } from '../ir/room.js';
import { allocate, elementBytes, type DataType, type TensorData } from '../tensor/dtype.js';

type NumericType = Exclude<DataType, 'string'>;
type NumericData = Exclude<TensorData, readonly string[]>;

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Elements out of raw little-endian bytes: a view of them where alignment and the host's byte
 * order allow, else a copy, in a `room` where there is one.
 */
export function viewElements(type: NumericType, bytes: Uint8Array, room?: Room): NumericData {
  const size = elementBytes(type);
  const length = bytes.length / size;
  const View = allocate(type, 0).constructor as new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => NumericData;
  if (bytes.byteOffset % size === 0 && (LITTLE_ENDIAN || size === 1)) {
    return new View(bytes.buffer, bytes.byteOffset, length);
  }
  const copy = new Uint8Array(
    room?.take(bytes.length) ?? new ArrayBuffer(bytes.length),
    0,
    bytes.length,
  );
  copy.set(bytes);
  toHostOrder(copy, size);
  return new View(copy.buffer, 0, length);
}

/** The little-endian bytes of elements: a view of them where the host agrees. */
export function rawBytes(data: NumericData): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (LITTLE_ENDIAN || data.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = bytes.slice();
  toHostOrder(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

/** Turns little-endian elements into the host's, or back, in place. */
export function toHostOrder(bytes: Uint8Array, size: number): void {
  if (LITTLE_ENDIAN || size === 1) return;
  for (let start = 0; start < bytes.length; start += size) {
    bytes.subarray(start, start + size).reverse();
  }
}
