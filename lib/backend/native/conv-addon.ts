/** A convolution on the native side: opaque, freed with its last reference or by disposeConv. */
export interface ConvHandle {
  readonly brand: unique symbol;
}

/**
 * A layer of a chain: a convolution with its shape, as for runConv(); or a pool, with `sizes` and
 * `windows` as for poolBlocked().
 */
export type ChainLink =
  | readonly [ConvHandle, Uint32Array]
  | readonly [mean: boolean, sizes: Uint32Array, windows: Int32Array];

/** Layers that run as one: opaque, freed with its last reference. */
export interface ChainHandle {
  readonly brand: unique symbol;
}

/** The exports of native/addon for convolutions and chains. */
export interface ConvAddon {
  /**
   * @param geometry [C, M, groups, kernel x 3, stride x 3, dilation x 3, transposed]
   * @param precision 0 strict, 1 default, 2 fast, 3 bfloat16
   * @param kind index into ACTIVATION_KINDS
   * @param parameters of the activation: [alpha, beta, scale, shift, low, high]
   */
  createConv(
    isa: string,
    geometry: Uint32Array,
    weight: Float32Array,
    bias: Float32Array | undefined,
    precision: number,
    kind: number,
    parameters: Float32Array,
    slope: Float32Array | undefined,
    tune: boolean,
  ): ConvHandle;

  /**
   * @param shape [N, in x 3, out x 3, pad begin x 3]; where any tensor is blocked, followed by
   * [blocked, top, left, bottom, right] for x, residual and out. The functions below take the same.
   */
  describeConv(conv: ConvHandle, shape: Uint32Array, threads: number): string;

  runConv(
    conv: ConvHandle,
    x: Float32Array,
    residual: Float32Array | undefined,
    shape: Uint32Array,
    threads: number,
    out: Float32Array,
  ): void;

  /** Copies x and residual, and returns the number of the job. */
  startConv(
    conv: ConvHandle,
    x: Float32Array,
    residual: Float32Array | undefined,
    shape: Uint32Array,
    threads: number,
  ): number;

  /** Later uses of the handle throw ERR_DISPOSED; current runs finish normally. */
  disposeConv(conv: ConvHandle): void;

  /**
   * Joins layers of which each is the only reader of the one before.
   *
   * @returns undefined where that would not be faster
   */
  createChain(isa: string, links: readonly ChainLink[], threads: number): ChainHandle | undefined;

  /** @param residual of the last layer */
  runChain(
    chain: ChainHandle,
    x: Float32Array,
    residual: Float32Array | undefined,
    out: Float32Array,
  ): void;
}
