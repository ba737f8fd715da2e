import type { Declaration, Value } from '../ir/value.js';
import { Chunks } from './chunks.js';
import { codeOf } from './data-types.js';
import { VALUE_INFO_NAME } from './value-info.js';
import { Records, type Range } from './wire.js';

/** Encodes a ValueInfoProto of a value's declared type and shape, or those of its constant. */
export function encodeValueInfo(value: Value): Chunks {
  const info = new Chunks().text(VALUE_INFO_NAME, value.name);
  const declaration = value.declaration ?? value.initializer;
  if (declaration?.type === undefined) return info;
  return info.message(2, new Chunks().message(1, encodeTensorType(declaration)));
}

/** Copies a ValueInfoProto of the source under another name. */
export function renameValueInfo(bytes: Uint8Array, range: Range, name: string): Chunks {
  const info = new Chunks().text(VALUE_INFO_NAME, name);
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field !== VALUE_INFO_NAME) info.push(bytes.subarray(records.start, records.end));
  }
  return info;
}

function encodeTensorType({ type, dims }: Pick<Declaration, 'type' | 'dims'>): Chunks {
  const tensor = new Chunks().integer(1, codeOf(type!));
  if (dims === undefined) return tensor;
  const shape = new Chunks();
  for (const dim of dims) {
    const one = new Chunks();
    if (typeof dim === 'number') one.integer(1, dim);
    else if (dim !== undefined) one.text(2, dim);
    shape.message(1, one);
  }
  return tensor.message(2, shape);
}
