import { ConvfuseError } from '../errors.js';
import { MAX_DEPTH, MAX_MESSAGES } from './limits.js';
import type { FieldShape, MessageShape } from './message-shapes.js';
import { DELIMITED, FIXED32, FIXED64, parseError, Records, VARINT, Varints } from './wire.js';

/**
 * Checks every record of a file against the schema, at every depth, before anything is built from
 * it: lengths, wire types, nesting, numbers of messages. Code that reads the records later can rely
 * on this. Unknown fields only have to be well formed.
 *
 * A non-repeated message field that occurs twice is refused. Protobuf would merge the two, and a
 * crafted file could hide anything in the second.
 *
 * @throws ConvfuseError ERR_PARSE, ERR_DEPTH, ERR_LIMIT
 */
export function checkWire(bytes: Uint8Array, shape: MessageShape): void {
  new WireCheck(bytes).message({ start: 0, end: bytes.length }, shape, 1);
}

class WireCheck {
  readonly #bytes: Uint8Array;
  #messages = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Recursion is bounded by MAX_DEPTH. */
  message(range: { start: number; end: number }, shape: MessageShape, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw new ConvfuseError(
        'ERR_DEPTH',
        `messages are nested deeper than ${MAX_DEPTH} at byte ${range.start}`,
      );
    }
    if (++this.#messages > MAX_MESSAGES) {
      throw new ConvfuseError('ERR_LIMIT', `more than ${MAX_MESSAGES} messages in the file`);
    }
    const records = new Records(this.#bytes, range);
    let seen = 0; // a bit per field number: the schema's are below 32
    while (records.next()) {
      const field = shape.fields[records.field];
      if (field === undefined) continue;
      if (field.message !== undefined && !field.repeated) {
        const bit = 1 << records.field;
        if ((seen & bit) !== 0) throw this.#twice(records.start, shape, field);
        seen |= bit;
      }
      this.#field(records, shape, field, depth);
    }
  }

  #field(records: Records, shape: MessageShape, field: FieldShape, depth: number): void {
    if (records.wire !== field.wire) {
      // Repeated numbers come one per record, or packed into one.
      if (!field.repeated || records.wire !== DELIMITED) {
        const name = `${shape.name}.${field.name}`;
        throw parseError(records.start, `${name} has wire type ${records.wire}`);
      }
      this.#packed(records, field);
    } else if (field.message !== undefined) {
      this.message(records.payload, field.message, depth + 1);
    }
  }

  #packed(records: Records, field: FieldShape): void {
    const length = records.end - records.body;
    if (field.wire === VARINT) {
      const varints = new Varints(this.#bytes, records.body, records.end);
      while (varints.more) varints.read();
      return;
    }
    const size = field.wire === FIXED32 ? 4 : field.wire === FIXED64 ? 8 : 1;
    if (length % size !== 0) throw parseError(records.start, `${field.name} is cut off`);
  }

  #twice(offset: number, shape: MessageShape, field: FieldShape): ConvfuseError {
    return parseError(offset, `${shape.name}.${field.name} occurs twice`);
  }
}
