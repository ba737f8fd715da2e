import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';

/**
 * A priority queue of nodes: the one furthest from the model's inputs goes first, and among equals
 * the one that was added first. Each node is in it at most once. A binary heap.
 */
export class DeepestFirst {
  readonly #depths: Depths;
  readonly #members = new Set<Node>();
  readonly #heap: Entry[] = [];
  #added = 0;

  constructor(depths: Depths) {
    this.#depths = depths;
  }

  add(node: Node): void {
    if (this.#members.has(node)) return;
    this.#members.add(node);
    this.#added += 1;
    const entry = { node, depth: this.#depths.of(node), turn: this.#added };
    let at = this.#heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (goesFirst(this.#heap[parent]!, entry)) break;
      this.#heap[at] = this.#heap[parent]!;
      at = parent;
    }
    this.#heap[at] = entry;
  }

  take(): Node | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) this.#sink(last);
    this.#members.delete(first.node);
    return first.node;
  }

  /** Restores the heap with an entry that replaces the first. */
  #sink(entry: Entry): void {
    const heap = this.#heap;
    for (let at = 0; ;) {
      let child = 2 * at + 1;
      const right = heap[child + 1];
      if (right !== undefined && goesFirst(right, heap[child]!)) child += 1;
      if (child >= heap.length || goesFirst(entry, heap[child]!)) {
        heap[at] = entry;
        return;
      }
      heap[at] = heap[child]!;
      at = child;
    }
  }
}

interface Entry {
  readonly node: Node;
  readonly depth: number;
  readonly turn: number;
}

function goesFirst(a: Entry, b: Entry): boolean {
  return a.depth > b.depth || (a.depth === b.depth && a.turn < b.turn);
}

/**
 * The depth of nodes: the number of nodes on the longest path from an input of the graph, itself
 * included; 0 where a node depends on constants alone. Independent of the file's order of nodes.
 */
export class Depths {
  readonly #known = new Map<Node, number>();

  /**
   * Measures all nodes of a graph in their present state. Measure outer graphs before nested ones.
   */
  measure(graph: Graph): void {
    for (const node of graph.nodes()) this.#known.set(node, this.#behindInputs(node));
  }

  /** The depth as of the last measure(); for a node made since then, derived from its inputs. */
  of(node: Node): number {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const depth = this.#behindInputs(node);
    this.#known.set(node, depth);
    return depth;
  }

  #behindInputs({ inputs }: Node): number {
    let depth = 0;
    for (const value of inputs) {
      if (value === undefined || value.initializer !== undefined) continue;
      const { producer } = value;
      if (producer === undefined) depth = Math.max(depth, 1);
      else {
        const above = this.#known.get(producer) ?? 0;
        if (above > 0) depth = Math.max(depth, above + 1);
      }
    }
    return depth;
  }
}
