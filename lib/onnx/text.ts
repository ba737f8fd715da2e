// Strings of the file. Protobuf demands UTF-8 but, in proto2, does not check it. A byte that is not
// UTF-8 is decoded to the lone surrogate U+DC00 + byte and encoded back, so that every name
// survives and different names stay different.

import { Buffer } from 'node:buffer';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a range of bytes. Fastest for a Buffer, which the bytes of files are. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Buffer is several times as fast as TextDecoder on short strings. U+FFFD marks bytes that it
  // could not decode (or, rarely, is in the text).
  const text = buffer.toString('utf8', start, end);
  if (!text.includes('\ufffd')) return text;
  const slice = bytes.subarray(start, end);
  try {
    return strict.decode(slice);
  } catch {
    return escapeInvalid(slice);
  }
}

/** The inverse of decodeText(), byte for byte. */
export function encodeText(text: string): Uint8Array {
  // A lone surrogate is an escaped byte.
  return /\p{Surrogate}/u.test(text) ? unescape(text) : Buffer.from(text, 'utf8');
}

function escapeInvalid(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes[at]!);
    let decoded: string | undefined;
    try {
      decoded = strict.decode(bytes.subarray(at, at + length));
    } catch {
      // Not a valid character: its first byte is escaped, and decoding continues at the next one.
    }
    text += decoded ?? String.fromCharCode(0xdc00 + bytes[at]!);
    at += decoded === undefined ? 1 : length;
  }
  return text;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

function unescape(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    const escaped = character.length === 1 && code >= 0xdc80 && code <= 0xdcff;
    parts.push(escaped ? Uint8Array.of(code - 0xdc00) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}
