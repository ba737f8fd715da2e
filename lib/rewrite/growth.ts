import type { Editor } from '../ir/editor.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { constantOfNode, constantOfValue } from '../ir/view.js';
import type { Match, Refusal } from './rule.js';

/**
 * A fused file may be at most this many times as large as the original. Copies of shared weights
 * make it grow.
 */
export const GROWTH_LIMIT = 2;

/** Keeps the bytes of added constants minus removed ones within a limit. */
export class GrowthBudget {
  readonly #edit: Editor;
  readonly #allowed: number;

  /** @param bytes size of the original file; by default that of its constants */
  constructor(edit: Editor, model: Model, bytes: number | undefined, unlimited: boolean) {
    this.#edit = edit;
    const base = bytes ?? constantBytes(model);
    this.#allowed = unlimited ? Infinity : (GROWTH_LIMIT - 1) * base;
  }

  /**
   * Refuses a rewrite whose new constants would pass the limit. A replaced constant makes the file
   * grow only where nodes outside the match still read the original.
   */
  check({ nodes, into, parameters, adds }: Match): Refusal | undefined {
    if (this.#allowed === Infinity) return undefined;
    const cloned = new Map<Value, number>();
    for (const value of adds === undefined ? parameters : []) {
      if (!into.inputs.includes(value)) continue;
      if (isReadElsewhere(value, nodes)) {
        cloned.set(value, constantOfValue(value)?.byteLength ?? 0);
      }
    }
    let bytes = adds ?? 0;
    for (const size of cloned.values()) bytes += size;
    if (bytes <= 0 || this.#edit.growth + bytes <= this.#allowed) return undefined;
    this.#edit.sweep();
    if (this.#edit.growth + bytes <= this.#allowed) return undefined;
    const values = adds === undefined ? [...cloned.keys()] : parameters;
    const names = values.map((value) => value.name).join(', ');
    const detail =
      `a copy of ${names}, which others use too, would make the file more than ` +
      `${GROWTH_LIMIT} times as large; --allow-growth permits it`;
    return { reason: 'growth', detail };
  }
}

/**
 * Whether a value has readers besides `nodes`. Compares counts first: a constant may have a hundred
 * thousand readers.
 */
export function isReadElsewhere({ uses, isOutput }: Value, nodes: readonly Node[]): boolean {
  if (isOutput || uses.size > nodes.length) return true;
  return [...uses.keys()].some((user) => !nodes.includes(user));
}

function constantBytes(model: Model): number {
  let bytes = 0;
  for (const graph of model.graphs()) {
    for (const [, constant] of graph.initializers()) bytes += constant.byteLength;
    for (const node of graph.nodes()) {
      if (node.is('Constant')) bytes += constantOfNode(node)?.byteLength ?? 0;
    }
  }
  return bytes;
}
