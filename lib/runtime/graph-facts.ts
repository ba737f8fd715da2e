import type { Backend } from '../backend/backend.js';
import { Room } from '../ir/room.js';
import type { Value } from '../ir/value.js';
import { Inference } from '../ops/infer.js';
import type { Facts } from '../rewrite/rule.js';

/**
 * The facts that rules may ask for. Only what holds in every run is known: an unknown batch size
 * stays unknown, and so do the elements of an initializer that callers may override.
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
