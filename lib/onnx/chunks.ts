import { encodeText } from './text.js';
import { FIXED32, recordHead, VARINT, varints, type Records } from './wire.js';

/**
 * A message under construction: a list of byte ranges, most of them of the source file, which are
 * joined only when they are written. Adjacent ranges of one buffer are merged.
 */
export class Chunks {
  readonly parts: Uint8Array[] = [];
  length = 0;

  push(part: Uint8Array): this {
    if (part.length === 0) return this;
    this.length += part.length;
    const last = this.parts.at(-1);
    if (last?.buffer === part.buffer && last.byteOffset + last.length === part.byteOffset) {
      const length = last.length + part.length;
      this.parts[this.parts.length - 1] = new Uint8Array(part.buffer, last.byteOffset, length);
    } else {
      this.parts.push(part);
    }
    return this;
  }

  append(other: Chunks): this {
    for (const part of other.parts) this.push(part);
    return this;
  }

  /** A field with a message in it. */
  message(field: number, content: Chunks): this {
    const head = recordHead(field, content.length);
    if (content.parts.length < 2 || content.length > MOST_PACKED) {
      return this.push(head).append(content);
    }
    const packed = new Uint8Array(head.length + content.length);
    packed.set(head);
    content.copyTo(packed, head.length);
    return this.push(packed);
  }

  /**
   * The message field at the present record, with new content. If the content is unchanged, the
   * whole record is copied, with its original head.
   */
  replace(records: Records, content: Chunks): this {
    const { bytes, field, start, body, end } = records;
    const [first] = content.parts;
    const same =
      content.length === end - body &&
      content.parts.length <= 1 &&
      (first === undefined ||
        (first.buffer === bytes.buffer && first.byteOffset === bytes.byteOffset + body));
    return same ? this.push(bytes.subarray(start, end)) : this.message(field, content);
  }

  bytes(field: number, content: Uint8Array): this {
    return this.push(recordHead(field, content.length)).push(content);
  }

  text(field: number, content: string): this {
    return this.bytes(field, encodeText(content));
  }

  /** An integer or an enum. Negative ones take ten bytes in protobuf. */
  integer(field: number, value: number | bigint): this {
    const tag = field * 8 + VARINT;
    if (typeof value === 'number' && value >= 0) return this.push(varints(tag, value));
    return this.push(Uint8Array.from([...varint(BigInt(tag)), ...varint(BigInt(value))]));
  }

  float(field: number, value: number): this {
    const record = new Uint8Array(8);
    const head = varint(BigInt(field * 8 + FIXED32));
    record.set(head);
    new DataView(record.buffer).setFloat32(head.length, value, true);
    return this.push(record.subarray(0, head.length + 4));
  }

  /** A StringStringEntryProto. */
  entry(field: number, key: string, value: string): this {
    return this.message(field, new Chunks().text(1, key).text(2, value));
  }

  /** All bytes as one array; a copy unless there is only one range. */
  join(): Uint8Array {
    if (this.parts.length === 1) return this.parts[0]!;
    const bytes = new Uint8Array(this.length);
    this.copyTo(bytes, 0);
    return bytes;
  }

  copyTo(bytes: Uint8Array, start: number): void {
    let at = start;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.length;
    }
  }
}

/**
 * Bytes. Smaller messages are joined at once: an array object for each part would take more memory
 * than the parts.
 */
const MOST_PACKED = 1024;

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}
