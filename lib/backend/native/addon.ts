import type { ConvAddon } from './conv-addon.js';
import type { LinearAddon } from './linear-addon.js';

/**
 * The exports of native/addon. Every function checks what memory safety depends on and throws
 * errors that carry a code. The callers, in TypeScript, check the meaning of the arguments.
 */
export interface Addon extends ConvAddon, LinearAddon {
  info(): {
    /** The version of the package that the addon was built from. */
    readonly version: string;
    /** ISAs of this CPU, worst first. */
    readonly isas: readonly string[];
    /** Kinds in the order of the native enum. */
    readonly activations: readonly string[];
    /** By ISA: floats in a vector, which is the number of channels in a block. */
    readonly lanes: readonly number[];
    /** Bytes of the level 1 data, level 2 and level 3 cache; 0 when unknown. */
    readonly caches: readonly number[];
  };

  /** Bytes from the start of a buffer to the next cache line. */
  bytesToLine(buffer: ArrayBuffer): number;

  /**
   * A buffer of zeros in huge pages that begins at a cache line; undefined where JavaScript engines
   * require that they own all buffer memory.
   */
  newBuffer(bytes: number): ArrayBuffer | undefined;

  /** Writes out, loss and mass, as ScaledRows describes them. */
  scaleRows(
    isa: string,
    type: string,
    weight: ArrayBufferView,
    scale: Float64Array,
    out: ArrayBufferView,
    loss: Float64Array,
    mass: Float64Array,
    groups: number,
    outer: number,
    rows: number,
    cols: number,
  ): void;

  gemm(
    isa: string,
    a: Float32Array,
    b: Float32Array,
    c: Float32Array,
    m: number,
    n: number,
    k: number,
    transA: boolean,
    transB: boolean,
    alpha: number,
    beta: number,
    count: number,
    threads: number,
  ): void;

  /** @param windows for each axis: start, taps and divisor of every output */
  pool(
    isa: string,
    mean: boolean,
    x: Float32Array,
    y: Float32Array,
    sizes: Uint32Array,
    windows: Int32Array,
    threads: number,
  ): void;

  /**
   * pool() on blocks.
   *
   * @param sizes [N, C, in x 2, out x 2, dilation x 2], and [top, left, bottom, right] of x and y
   */
  poolBlocked(
    isa: string,
    mean: boolean,
    x: Float32Array,
    y: Float32Array,
    sizes: Uint32Array,
    windows: Int32Array,
    threads: number,
  ): void;

  /** Along the middle axis of [outer, size, inner]. */
  softmax(
    isa: string,
    log: boolean,
    x: Float32Array,
    y: Float32Array,
    outer: number,
    size: number,
    inner: number,
    threads: number,
  ): void;

  /**
   * @param other undefined for `copy`, which has only x
   * @param y memory of its own, or that of an operand with the same places
   * @param shape [index into ELEMENTWISE_FUNCTIONS, plane, extent x 4, length], and for x, other
   * and y [offset, stride x 4, index into ADVANCES], in elements
   * @param kind index into ACTIVATION_KINDS
   * @param parameters of the activation, as for createConv()
   */
  elementwise(
    isa: string,
    x: Float32Array,
    other: Float32Array | undefined,
    y: Float32Array,
    shape: Uint32Array,
    kind: number,
    parameters: Float32Array,
    slope: Float32Array | undefined,
    threads: number,
  ): void;

  /** @param sizes [rows, parts, plane, channels] */
  normalise(
    isa: string,
    x: Float32Array,
    y: Float32Array,
    scale: Float32Array,
    bias: Float32Array,
    sizes: Uint32Array,
    epsilon: number,
    threads: number,
  ): void;

  /** @param places CopyPlaces of lib/backend/copy.ts */
  copy(
    isa: string,
    x: ArrayBufferView,
    y: ArrayBufferView,
    places: Int32Array,
    threads: number,
  ): void;

  sumRows(
    isa: string,
    x: Float32Array,
    y: Float32Array,
    size: number,
    divisor: number,
    threads: number,
  ): void;

  /** @param sizes [planes, in x 2, out x 2, taps of an output x 2] */
  resample(
    isa: string,
    x: Float32Array,
    y: Float32Array,
    sizes: Uint32Array,
    rowIndex: Int32Array,
    rowWeight: Float32Array | undefined,
    columnIndex: Int32Array,
    columnWeight: Float32Array | undefined,
    threads: number,
  ): void;

  /**
   * resample() on blocks.
   *
   * @param sizes [N, C, in x 2, out x 2, taps x 2], and [top, left, bottom, right] of x and y
   */
  resampleBlocked(
    isa: string,
    x: Float32Array,
    y: Float32Array,
    sizes: Uint32Array,
    rowIndex: Int32Array,
    rowWeight: Float32Array | undefined,
    columnIndex: Int32Array,
    columnWeight: Float32Array | undefined,
    threads: number,
  ): void;

  /**
   * Call it once, before startConv(). `completed` is called with the number of each finished job.
   */
  listen(completed: (id: number) => void): void;

  /** Makes a job finish early; takeResult() then returns undefined. */
  cancelJob(id: number): void;

  /**
   * The result of a finished job, to be taken once: in `out`, or in memory of its own. Undefined
   * when the job was cancelled.
   */
  takeResult(id: number, out: Float32Array | undefined): Float32Array | undefined;
}
