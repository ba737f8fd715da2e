/** A linear layer on the native side: opaque, freed with its last reference or by disposeLinear. */
export interface LinearHandle {
  readonly brand: unique symbol;
}

/** The exports of native/addon for products with a matrix that is packed once. */
export interface LinearAddon {
  /**
   * @param b [k, n], or [n, k] with transB
   * @param bias of n values
   * @param kind index into ACTIVATION_KINDS
   * @param parameters of the activation, as for createConv()
   * @param slope of one value
   */
  createLinear(
    isa: string,
    b: Float32Array,
    n: number,
    k: number,
    transB: boolean,
    bias: Float32Array | undefined,
    kind: number,
    parameters: Float32Array,
    slope: Float32Array | undefined,
  ): LinearHandle;

  /** Takes any number of rows; `a`, `residual` and `out` have the same. */
  runLinear(
    linear: LinearHandle,
    a: Float32Array,
    residual: Float32Array | undefined,
    out: Float32Array,
    threads: number,
  ): void;

  /** Later uses of the handle throw ERR_DISPOSED. */
  disposeLinear(linear: LinearHandle): void;
}
