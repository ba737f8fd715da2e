import type { Attribute } from '../ir/attributes.js';
import type { Source } from './source.js';
import type { Range } from './wire.js';

// What the reader stores in the `origin` of models, graphs and nodes for the writer.

export type ModelOrigin = Source;

/** Payload of the GraphProto or FunctionProto. */
export type GraphOrigin = Range;

export interface NodeOrigin {
  /** Payload of the NodeProto. */
  readonly range: Range;
  /**
   * The attributes as they were read. One that is still the same object is written as the same
   * bytes.
   */
  attributes: ReadonlyMap<string, Attribute>;
}
