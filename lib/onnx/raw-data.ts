// raw_data is little endian, so on little-endian hosts its bytes are the elements.

import type { Room } from '../ir/room.js';
import { allocate, elementBytes, type DataType, type TensorData } from '../tensor/dtype.js';

type NumericType = Exclude<DataType, 'string'>;
type NumericData = Exclude<TensorData, readonly string[]>;

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Elements of little-endian bytes: a view where alignment and the host's byte order allow, else a
 * copy, in `room` where that is given.
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

/** The little-endian bytes of elements: a view on little-endian hosts, else a copy. */
export function rawBytes(data: NumericData): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (LITTLE_ENDIAN || data.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = bytes.slice();
  toHostOrder(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

/** Converts elements between little-endian and the host's byte order, in place. */
export function toHostOrder(bytes: Uint8Array, size: number): void {
  if (LITTLE_ENDIAN || size === 1) return;
  for (let start = 0; start < bytes.length; start += size) {
    bytes.subarray(start, start + size).reverse();
  }
}
