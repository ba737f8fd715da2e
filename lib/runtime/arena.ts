import type { Backend } from '../backend/backend.js';
import { blockedCount, type BlockedLayout } from '../backend/layout.js';
import { ConvfuseError } from '../errors.js';
import {
  allocate,
  elementBytes,
  isFloatType,
  type DataType,
  type TensorData,
} from '../tensor/dtype.js';
import type { Arithmetic } from '../ops/operator.js';
import { floatArray } from '../ops/run-tensor.js';
import { countToAllocate, sameDims } from '../tensor/shape.js';

/**
 * Bytes. Smaller arrays are left to the garbage collector's nursery: recycling them gains nothing.
 */
const SMALLEST = 4096;

/** Bytes of a cache line. */
const LINE = 64;

/** A free buffer is reused only for a request of at least this fraction of its size. */
const LEAST_FILL = 0.5;

/**
 * Where memory comes from. Vector loads that cross a cache line are slower, and a JavaScript
 * ArrayBuffer need not begin at a cache line.
 */
export type ArenaMemory = Pick<Backend, 'newBuffer' | 'bytesToLine'>;

/** Free buffers of one geometry. */
interface Shelf {
  readonly dims: readonly number[];
  readonly count: number;
  readonly free: Float32Array[];
}

/**
 * Buffers shared by all steps and runs of a session. First touches of fresh pages cost more than
 * most operators, so a warm run takes all its memory from here.
 */
export class Arena {
  readonly #memory: ArenaMemory;
  /** Byte offset of the first cache line in a buffer, where that is not 0. */
  readonly #begins = new WeakMap<ArrayBufferLike, number>();
  /** Free buffers, smallest first. */
  readonly #free: ArrayBuffer[] = [];
  /** Buffers in use, each with the number of values that lie in it. */
  readonly #lent = new Map<ArrayBufferLike, number>();

  /**
   * Buffers of blocked tensors by geometry, because a reused buffer keeps the zeros of its halo.
   */
  #blocked = new Map<string, Shelf>();
  /** The shelf last used for a layout: a plan asks for the same ones in every run. */
  #shelves = new WeakMap<BlockedLayout, Shelf>();
  readonly #shelfOf = new WeakMap<ArrayBufferLike, { shelf: Shelf; tensor: Float32Array }>();

  constructor(memory: ArenaMemory = {}) {
    this.#memory = memory;
  }

  /** Memory for a tensor in blocks. Only its halo is sure to be zeros. */
  takeBlocked(dims: readonly number[], layout: BlockedLayout): Float32Array {
    let shelf = this.#shelves.get(layout);
    if (shelf === undefined || !sameDims(shelf.dims, dims)) {
      shelf = this.#shelf(dims, layout);
      this.#shelves.set(layout, shelf);
    }
    let tensor = shelf.free.pop();
    if (tensor === undefined) {
      const buffer = this.#newBuffer(shelf.count * 4);
      tensor = new Float32Array(buffer, this.#begin(buffer), shelf.count);
      this.#shelfOf.set(buffer, { shelf, tensor });
    }
    this.#lent.set(tensor.buffer, 0);
    return tensor;
  }

  #shelf(dims: readonly number[], layout: BlockedLayout): Shelf {
    const { lanes, top, left, bottom, right } = layout;
    const geometry = [...dims, lanes, top, left, bottom, right].join();
    const found = this.#blocked.get(geometry);
    if (found !== undefined) return found;
    const made = { dims, count: countToAllocate([blockedCount(dims, layout)]), free: [] };
    this.#blocked.set(geometry, made);
    return made;
  }

  /**
   * Drops the free buffers of all geometries: those of a discarded plan may never be asked for
   * again.
   */
  forgetBlocked(): void {
    this.#blocked = new Map();
    this.#shelves = new WeakMap();
  }

  /** Memory for a dense tensor; not zeroed. */
  take(type: DataType, dims: readonly number[], arithmetic: Arithmetic): TensorData {
    const count = countToAllocate(dims);
    const double = isFloatType(type) && (arithmetic === 'float64' || type === 'float64');
    const width = isFloatType(type) ? (double ? 8 : 4) : elementBytes(type);
    if (count * width < SMALLEST) {
      return isFloatType(type) ? floatArray(type, arithmetic, count) : allocate(type, count);
    }
    const buffer = this.#bufferOf(count * width);
    this.#lent.set(buffer, 0);
    return viewOf(type, double, buffer, this.#begin(buffer), count);
  }

  #bufferOf(bytes: number): ArrayBuffer {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#room(this.#free[middle]!) < bytes) low = middle + 1;
      else high = middle;
    }
    const found = this.#free[low];
    if (found !== undefined && bytes >= this.#room(found) * LEAST_FILL) {
      this.#free.splice(low, 1);
      return found;
    }
    return this.#newBuffer(bytes);
  }

  #begin(buffer: ArrayBufferLike): number {
    return this.#begins.get(buffer) ?? 0;
  }

  /** Usable bytes: those from the aligned begin on. */
  #room(buffer: ArrayBuffer): number {
    return buffer.byteLength - this.#begin(buffer);
  }

  /** Zeroed. @throws ConvfuseError ERR_MEMORY */
  #newBuffer(bytes: number): ArrayBuffer {
    const lines = Math.ceil(bytes / LINE) * LINE;
    const own = this.#memory.newBuffer?.(lines);
    if (own !== undefined) return own;
    const aligns = this.#memory.bytesToLine !== undefined;
    const buffer = newBuffer(aligns ? lines + LINE : lines);
    const begin = this.#memory.bytesToLine?.(buffer) ?? 0;
    if (begin > 0) this.#begins.set(buffer, begin);
    return buffer;
  }

  /** Counts one more value in this memory. */
  retain(data: TensorData): void {
    if (!ArrayBuffer.isView(data)) return;
    const count = this.#lent.get(data.buffer);
    if (count !== undefined) this.#lent.set(data.buffer, count + 1);
  }

  /** Whether the memory is the arena's and exactly one value lies in it. */
  isSole(data: TensorData): boolean {
    return ArrayBuffer.isView(data) && this.#lent.get(data.buffer) === 1;
  }

  /** Frees memory that a step took but put no value into: its scratch. */
  settle(data: TensorData): void {
    if (ArrayBuffer.isView(data) && this.#lent.get(data.buffer) === 0) this.release(data);
  }

  /** Counts one value less in this memory; frees it after the last one. */
  release(data: TensorData): void {
    if (!ArrayBuffer.isView(data)) return;
    const { buffer } = data;
    const count = this.#lent.get(buffer);
    if (count === undefined) return;
    if (count > 1) {
      this.#lent.set(buffer, count - 1);
      return;
    }
    this.#lent.delete(buffer);
    const place = this.#shelfOf.get(buffer);
    if (place !== undefined) {
      place.shelf.free.push(place.tensor);
      return;
    }
    const room = this.#room(buffer as ArrayBuffer);
    const at = this.#free.findIndex((other) => this.#room(other) >= room);
    this.#free.splice(at < 0 ? this.#free.length : at, 0, buffer as ArrayBuffer);
  }

  /** Bytes of all free buffers. */
  get freeBytes(): number {
    const blocked = [...this.#blocked.values()].flatMap(({ free }) => free);
    const buffers = [...this.#free, ...blocked.map(({ buffer }) => buffer)];
    return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Bytes of all buffers in use. */
  get lentBytes(): number {
    let sum = 0;
    for (const buffer of this.#lent.keys()) sum += buffer.byteLength;
    return sum;
  }

  clear(): void {
    this.#free.length = 0;
    this.forgetBlocked();
    this.#lent.clear();
  }
}

function newBuffer(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (cause) {
    throw new ConvfuseError('ERR_MEMORY', `no memory for a tensor of ${bytes} bytes`, { cause });
  }
}

function viewOf(
  type: DataType,
  double: boolean,
  buffer: ArrayBuffer,
  begin: number,
  count: number,
): TensorData {
  if (isFloatType(type)) {
    return double ? new Float64Array(buffer, begin, count) : new Float32Array(buffer, begin, count);
  }
  const array = allocate(type, 0) as Float32Array;
  const Constructor = array.constructor as Float32ArrayConstructor;
  return new Constructor(buffer, begin, count);
}
