import type { MessageShape } from './message-shapes.js';
import { decodeText } from './text.js';
import { Records, type Range } from './wire.js';

/** Collects every string in a message, at any depth (checkWire() has limited the nesting). */
export function collectTexts(
  bytes: Uint8Array,
  range: Range,
  shape: MessageShape,
  into = new Set<string>(),
): Set<string> {
  const records = new Records(bytes, range);
  while (records.next()) {
    const field = shape.fields[records.field];
    if (field?.message !== undefined) collectTexts(bytes, records.payload, field.message, into);
    else if (field?.text === true) into.add(decodeText(bytes, records.body, records.end));
  }
  return into;
}

/** The message type of a field, by the field's name. */
export function shapeOfField(shape: MessageShape, name: string): MessageShape {
  const message = shape.fields.find((field) => field?.name === name)?.message;
  if (message === undefined) throw new RangeError(name); // unreachable: names are the schema's
  return message;
}
