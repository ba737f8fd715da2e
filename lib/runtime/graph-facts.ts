import type { Backend } from '../backend/backend.js';
import { Room } from '../ir/room.js';
import type { Value } from '../ir/value.js';
import { Inference } from '../ops/infer.js';
import type { Facts } from '../rewrite/rule.js';

/**
 * What rules may ask. Only what holds in every run counts: an unknown batch is unknown, and an
 * initializer that callers may override has no known elements.
 */
export class GraphFacts implements Facts {
  readonly backend: Backend;
  readonly room = new Room();
  readonly #inference = new Inference({ declarations: true, lenient: true });

  constructor(backend: Backend) {
    this.backend = backend;
  }

  dims(value: Value): readonly (number | undefined)[] | undefined {
    return this.#inference
      .facts(value)
      .dims?.map((size) => (typeof size === 'number' ? size : undefined));
  }
}
