import type { Node } from './node.js';

/**
 * The readers of a value, and for each the number of its inputs that are this value. A Map is made
 * only for two readers or more: nearly all values have one, and large models have hundreds of
 * thousands of values.
 */
export class Uses implements ReadonlyMap<Node, number> {
  #node: Node | undefined;
  #count = 0;
  #many: Map<Node, number> | undefined;

  get size(): number {
    if (this.#many !== undefined) return this.#many.size;
    return this.#node === undefined ? 0 : 1;
  }

  get(node: Node): number | undefined {
    if (this.#many !== undefined) return this.#many.get(node);
    return this.#node === node ? this.#count : undefined;
  }

  has(node: Node): boolean {
    return this.get(node) !== undefined;
  }

  set(node: Node, count: number): this {
    if (this.#many !== undefined) this.#many.set(node, count);
    else if (this.#node === undefined || this.#node === node) {
      this.#node = node;
      this.#count = count;
    } else {
      this.#many = new Map([
        [this.#node, this.#count],
        [node, count],
      ]);
      this.#node = undefined;
    }
    return this;
  }

  delete(node: Node): boolean {
    if (this.#many !== undefined) return this.#many.delete(node);
    if (this.#node !== node) return false;
    this.#node = undefined;
    return true;
  }

  clear(): void {
    this.#node = undefined;
    this.#many = undefined;
  }

  entries(): MapIterator<[Node, number]> {
    if (this.#many !== undefined) return this.#many.entries();
    return one(this.#node && ([this.#node, this.#count] as [Node, number]));
  }

  keys(): MapIterator<Node> {
    return this.#many === undefined ? one(this.#node) : this.#many.keys();
  }

  values(): MapIterator<number> {
    return this.#many === undefined ? one(this.#node && this.#count) : this.#many.values();
  }

  [Symbol.iterator](): MapIterator<[Node, number]> {
    return this.entries();
  }

  forEach(visit: (count: number, node: Node, uses: ReadonlyMap<Node, number>) => void): void {
    for (const [node, count] of this) visit(count, node, this);
  }
}

/** An iterator over one item, or none, without making a Map. */
function one<T>(item: T | undefined): MapIterator<T> {
  return (item === undefined ? [] : [item])[Symbol.iterator]();
}
