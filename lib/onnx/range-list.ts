import type { Range } from './wire.js';

/**
 * A compact list of ranges of a file, eight bytes each: a hostile file may have millions of records
 * of two bytes, and an object for each would take twenty times the file. Positions are below 2^31,
 * the limit of a file's size.
 */
export class RangeList implements Iterable<Range> {
  length = 0;
  #ends = new Int32Array(16);

  push(start: number, end: number): void {
    const at = this.length * 2;
    if (at === this.#ends.length) {
      const grown = new Int32Array(at * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#ends[at] = start;
    this.#ends[at + 1] = end;
    this.length += 1;
  }

  *[Symbol.iterator](): Generator<Range> {
    for (let at = 0; at < this.length * 2; at += 2) {
      yield { start: this.#ends[at]!, end: this.#ends[at + 1]! };
    }
  }
}
