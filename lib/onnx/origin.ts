import type { Attribute } from '../ir/attributes.js';
import type { Source } from './source.js';
import type { Range } from './wire.js';

// What the reader leaves in the `origin` of models, graphs and nodes for the writer to find.

export type ModelOrigin = Source;

/** Payload of the GraphProto or FunctionProto. */
export type GraphOrigin = Range;

export interface NodeOrigin {
  /** Payload of the NodeProto. */
  readonly range: Range;
  /** As they were read: one that is still the same object is still the same bytes. */
  attributes: ReadonlyMap<string, Attribute>;
}
