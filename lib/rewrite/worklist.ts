import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { DeepestFirst, Depths } from './deepest-first.js';
import type { Rule } from './rule.js';

/**
 * Decides which rule looks at which node next. Rules earlier in the table go first, each over its
 * nodes in the order of the file, or deepest first where the rule asks for that. Merges of siblings
 * so wait until all folds are done, and the result is the same for every legal order of the file.
 */
export class Worklist {
  readonly #rules: readonly Rule[];
  /** Indices of rules by operator that they start at. */
  readonly #byRoot = new Map<string, number[]>();
  /** One queue per rule. */
  readonly #queues: readonly (Queue | DeepestFirst)[];
  /** undefined when no rule is deepestFirst. */
  readonly #depths: Depths | undefined;
  /** The queues of all rules before this index are empty. */
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

  /** Adds every node of the model. @returns the number of attempts that makes */
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

  /** Adds the nodes near values whose surroundings changed: producers, consumers, and theirs. */
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

/**
 * A first-in first-out queue that holds each node once. A Set alone would walk over its deleted
 * front entries at every take().
 */
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
 * Links from a changed value within which nodes are queued at once. Rules may look further: the
 * pass over all nodes after the last change finds what this misses, so the number affects speed
 * alone.
 */
const REACH = 3;

/**
 * Values and nodes with more links than this are not followed: n changes near one would cost n * n.
 */
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

/** The node's name in a rule's `roots`: its operator, with the domain where that is not ''. */
function rootOf(node: Node): string {
  if (node.domain !== '') return `${node.domain}.${node.opType}`;
  // A model-local function of the same name is another operator, and no root.
  return node.is(node.opType) ? node.opType : '';
}
