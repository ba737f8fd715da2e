/**
 * Scratch memory for repeated use: first touches of fresh pages cost more than most work on them.
 */
export class Room {
  #buffer = new ArrayBuffer(0);

  /** At least `bytes` bytes of unspecified content, valid until the next call. */
  take(bytes: number): ArrayBuffer {
    if (this.#buffer.byteLength < bytes) this.#buffer = new ArrayBuffer(bytes);
    return this.#buffer;
  }
}
