// Protobuf's wire format, https://protobuf.dev/programming-guides/encoding/: enough of it to walk
// the records of a message in place. Offsets are positions in the whole file.

import { ConvfuseError } from '../errors.js';

export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const FIXED32 = 5;

/** A range of the file's bytes. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export function parseError(offset: number, what: string): ConvfuseError {
  return new ConvfuseError('ERR_PARSE', `not a valid ONNX file: ${what} at byte ${offset}`);
}

/** Reads consecutive varints, each into two halves of 32 bits. */
export class Varints {
  readonly bytes: Uint8Array;
  position: number;
  limit: number;
  /** Low and high half of the last varint, unsigned. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.position = start;
    this.limit = end;
  }

  get more(): boolean {
    return this.position < this.limit;
  }

  /**
   * Reads the next varint.
   *
   * @throws ConvfuseError ERR_PARSE when it is cut off, or longer than 64 bits
   */
  read(): void {
    const { bytes, limit } = this;
    let at = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= limit) throw parseError(this.position, 'a number is cut off');
      const byte = bytes[at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else if (byte > 1) throw parseError(this.position, 'a number has more than 64 bits');
      else high |= bits << 31;
      if (byte < 0x80) break;
    }
    this.position = at;
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  /** The last varint as an int64: exact up to 2^53, and beyond that never a safe integer. */
  get int64(): number {
    return (this.high | 0) * 2 ** 32 + this.low;
  }

  get exactInt64(): bigint {
    return BigInt.asIntN(64, this.exactUint64);
  }

  get exactUint64(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  get int32(): number {
    return this.low | 0;
  }
}

/** Walks the records (tag and payload) of one message, in order. */
export class Records extends Varints {
  /** Field number and wire type of the present record. */
  field = 0;
  wire = 0;
  /** Offsets of its tag, its payload and its end. */
  start = 0;
  body = 0;
  end: number;

  constructor(bytes: Uint8Array, range: Range) {
    super(bytes, range.start, range.end);
    this.end = range.start;
  }

  /**
   * Moves to the next record, if there is one. The value of a varint record is in `low`, `high` and
   * the accessors.
   *
   * @throws ConvfuseError ERR_PARSE
   */
  next(): boolean {
    this.position = this.end;
    if (!this.more) return false;
    this.start = this.position;
    this.read();
    if (this.high !== 0 || this.low < 8) throw parseError(this.start, 'a bad field number');
    this.field = this.low >>> 3;
    this.wire = this.low & 7;
    this.body = this.position;
    switch (this.wire) {
      case VARINT:
        this.read();
        this.end = this.position;
        break;
      case FIXED64:
        this.end = this.body + 8;
        break;
      case FIXED32:
        this.end = this.body + 4;
        break;
      case DELIMITED:
        this.read();
        this.body = this.position;
        this.end = this.body + this.high * 2 ** 32 + this.low;
        break;
      default:
        // Groups (3 and 4) are not used by ONNX, and 6 and 7 do not exist.
        throw parseError(this.start, `wire type ${this.wire}`);
    }
    if (this.end > this.limit) throw parseError(this.start, 'a field is cut off');
    return true;
  }

  /** The range of the payload, for walking a message in it. */
  get payload(): Range {
    // Offsets are below 2^31, the limit of a file's size; as small integers they need no heap
    // objects.
    return { start: this.body | 0, end: this.end | 0 };
  }
}

/** The tag and the length in front of a delimited payload. */
export function recordHead(field: number, length: number): Uint8Array {
  return varints(field * 8 + DELIMITED, length);
}

/** Two whole numbers below 2^53, as consecutive varints. */
export function varints(first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(first) + varintLength(second));
  let at = 0;
  for (let value of [first, second]) {
    for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes[at++] = (value & 0x7f) | 0x80;
    bytes[at++] = value;
  }
  return bytes;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}
