import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { DeepestFirst, Depths } from './deepest-first.js';
import type { Rule } from './rule.js';

/**
 * Which rule is to look at which node next. The rules earlier in the table go first, each over its
 * nodes in the order of the file, or the deepest of them first where the rule asks for that. A merge
 * of siblings waits until all folds are done, and what comes out is the same for every legal order
 * of the file.
 */
export class Worklist {
  readonly #rules: readonly Rule[];
  /** Indices of the rules that start at an operator. */
  readonly #byRoot = new Map<string, number[]>();
  /** One a rule. */
  readonly #queues: readonly (Queue | DeepestFirst)[];
  /** undefined: no rule asks for it. */
  readonly #depths: Depths | undefined;
  /** No rule before this one has anything to do. */
  #lowest = 0;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    const depths = rules.some((rule) => rule.deepestFirst) ? new Depths() : undefined;
    this.#depths = depths;
    this.#queues = rules.map((rule) =>
      rule.deepestFirst && depths ? new DeepestFirst(depths) : new Queue(),
    );
    rules.forEach((rule, index) => {
      for (const root of new Set(rule.roots)) {
        const indices = this.#byRoot.get(root);
        if (indices === undefined) this.#byRoot.set(root, [index]);
        else indices.push(index);
      }
    });
  }

  /** Adds every node of the model. @returns how many looks that makes */
  addAll(model: Model): number {
    let count = 0;
    for (const graph of model.graphs()) {
      this.#depths?.measure(graph);
      for (const node of graph.nodes()) count += this.add(node);
    }
    return count;
  }

  add(node: Node): number {
    if (node.removed) return 0;
    const indices = this.#byRoot.get(rootOf(node)) ?? [];
    for (const index of indices) {
      this.#queues[index]!.add(node);
      if (index < this.#lowest) this.#lowest = index;
    }
    return indices.length;
  }

  /** Adds what is near values whose surroundings changed: up and down, and beside. */
  addNear(values: Iterable<Value>): void {
    const near = new Set<Node>();
    for (const value of values) collect(value, REACH, near);
    for (const node of near) this.add(node);
  }

  next(): { readonly rule: Rule; readonly root: Node } | undefined {
    for (; this.#lowest < this.#queues.length; this.#lowest++) {
      const queue = this.#queues[this.#lowest]!;
      for (let root = queue.take(); root !== undefined; root = queue.take()) {
        if (!root.removed) return { rule: this.#rules[this.#lowest]!, root };
      }
    }
    return undefined;
  }
}

/** First in, first out, each node once. A Set alone would walk over its deleted front every time. */
class Queue {
  readonly #members = new Set<Node>();
  #nodes: Node[] = [];
  #head = 0;

  add(node: Node): void {
    if (this.#members.has(node)) return;
    this.#members.add(node);
    this.#nodes.push(node);
  }

  take(): Node | undefined {
    const node = this.#nodes[this.#head];
    if (node === undefined) {
      this.#nodes = [];
      this.#head = 0;
      return undefined;
    }
    this.#head += 1;
    this.#members.delete(node);
    return node;
  }
}

/**
 * How far a change is felt at once. Rules may look further: a pass over all nodes, after the last
 * change, finds what this misses, so it is a matter of speed alone.
 */
const REACH = 3;

/** Hubs with more links are not followed, lest n changes near one of them cost n times n. */
const MANY = 32;

function collect(value: Value, reach: number, found: Set<Node>): void {
  const around = value.uses.size > MANY ? [] : [...value.uses.keys()];
  if (value.producer !== undefined) around.push(value.producer);
  for (const node of around) {
    if (found.has(node)) continue;
    found.add(node);
    if (reach <= 1 || node.inputs.length > MANY || node.outputs.length > MANY) continue;
    for (const next of [...node.inputs, ...node.outputs]) {
      if (next !== undefined && next !== value) collect(next, reach - 1, found);
    }
  }
}

/** What a rule's `roots` call a node: its operator, with the domain where that is not ''. */
function rootOf(node: Node): string {
  if (node.domain !== '') return `${node.domain}.${node.opType}`;
  // A function of the same name is another operator, and no rule's root.
  return node.is(node.opType) ? node.opType : '';
}
