/** A linear layer on the native side: opaque, freed with its last reference or by disposeLinear. */
export interface LinearHandle {
  readonly brand: unique symbol;
}

/** Products with matrices that are packed once, as part of what native/addon exports. */
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

  /** As many rows as `a` has, each plus one of the residual. */
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
