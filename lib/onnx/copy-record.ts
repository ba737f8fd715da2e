import { Chunks } from './chunks.js';
import { MODEL, type MessageShape } from './message-shapes.js';
import { shapeOfField } from './names.js';
import type { Placement } from './placement.js';
import type { Source } from './source.js';
import { spliceTensor } from './tensor-writer.js';
import { Records, type Range } from './wire.js';

const TENSOR = shapeOfField(shapeOfField(MODEL, 'graph'), 'initializer');
const HOLDERS = holdersOf(TENSOR);

/**
 * Copies the present record unchanged, except for tensors in it, at any depth, whose elements move
 * to another place.
 */
export function copyRecord(
  records: Records,
  shape: MessageShape,
  source: Source,
  placement: Placement,
  into: Chunks,
): void {
  const message = shape.fields[records.field]?.message;
  if (placement.kind === 'keep' || message === undefined || !HOLDERS.has(message)) {
    into.push(source.bytes.subarray(records.start, records.end));
    return;
  }
  into.replace(records, copyMessage(records.payload, message, source, placement));
}

function copyMessage(
  range: Range,
  shape: MessageShape,
  source: Source,
  placement: Placement,
): Chunks {
  if (shape === TENSOR) return spliceTensor(source, range, placement);
  const content = new Chunks();
  const records = new Records(source.bytes, range);
  while (records.next()) copyRecord(records, shape, source, placement, content);
  return content;
}

/** The messages that can hold a tensor, directly or indirectly, and the tensor itself. */
function holdersOf(tensor: MessageShape): ReadonlySet<MessageShape> {
  const all = new Set<MessageShape>([MODEL]);
  for (const shape of all) {
    for (const field of shape.fields) if (field?.message !== undefined) all.add(field.message);
  }
  const holders = new Set([tensor]);
  for (let before = 0; before < holders.size;) {
    before = holders.size;
    for (const shape of all) {
      if (shape.fields.some((field) => field?.message && holders.has(field.message))) {
        holders.add(shape);
      }
    }
  }
  return holders;
}
