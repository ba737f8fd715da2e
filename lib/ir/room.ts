/** Memory that is used again and again: fresh pages cost more than most of what is done in them. */
export class Room {
  #buffer = new ArrayBuffer(0);

  /** At least so many bytes, of any content. They are good until the next call. */
  take(bytes: number): ArrayBuffer {
    if (this.#buffer.byteLength < bytes) this.#buffer = new ArrayBuffer(bytes);
    return this.#buffer;
  }
}
