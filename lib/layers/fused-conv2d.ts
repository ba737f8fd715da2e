import { abortReason, checkSignal } from '../backend/abort.js';
import type { ConvKernel } from '../backend/backend.js';
import { selectBackend } from '../backend/select.js';
import { checkObject, ConvfuseError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { finishRun, prepareRun, resultArray } from './conv-run.js';
import { readConvOptions, type ConvOptions, type ConvSettings } from './conv-options.js';
import { checkApart } from './parameters.js';

/** Where a result goes, and what is added to it. */
export interface RunSyncOptions {
  /**
   * A tensor of the result's type and dimensions, to be written and returned. Reusing one is much
   * faster than fresh memory for large results. It must share no byte with an input.
   */
  readonly out?: Tensor | undefined;
  /** Of the result's type and dimensions; added before the activation. */
  readonly residual?: Tensor | undefined;
}

export interface RunOptions extends RunSyncOptions {
  /** Aborts the run: it rejects with the signal's reason, and `out` stays as it was. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A convolution with its bias, residual and activation in one pass:
 * activation(conv(x, weight) + bias + residual), by the definition of ONNX Conv, or
 * ConvTranspose when `transposed`. Weights are packed once, here.
 */
export class FusedConv2d {
  readonly #settings: ConvSettings;
  #kernel: ConvKernel | undefined;
  #lastDims: readonly number[] | undefined;

  /**
   * @throws ConvfuseError ERR_ARGUMENT; ERR_NATIVE_LOAD where the backend or ISA demanded is not
   *   there; ERR_UNSUPPORTED for a precision that this CPU lacks; ERR_MEMORY
   */
  constructor(options: ConvOptions) {
    const settings = readConvOptions(options);
    const { backend, isa, threads } = settings;
    this.#settings = settings;
    this.#kernel = selectBackend(backend, { isa, threads }).conv(settings.spec);
  }

  /** The algorithm of the latest run, and why it was chosen: that depends on the input's size. */
  get algorithm(): string {
    const kernel = this.#alive();
    return this.#lastDims ? kernel.algorithm(this.#lastDims) : 'not chosen before the first run';
  }

  /**
   * Runs off the main thread. Inputs are copied before this returns and may be changed or
   * transferred at will; a result without `out` is in memory that is never overwritten later.
   *
   * @param x [N, C, ...spatial], or [N, ...spatial, C] in layout 'nhwc'
   * @returns a tensor of [N, M, ...spatial] or [N, ...spatial, M]
   * @throws ConvfuseError ERR_ARGUMENT, ERR_DISPOSED, ERR_MEMORY; ERR_LIMIT when too many runs
   *   wait, and for results of more than 2^31 elements; the signal's reason
   */
  async run(x: Tensor, options: RunOptions = {}): Promise<Tensor> {
    checkObject(options, 'options');
    const { signal, out, residual } = options;
    checkSignal(signal);
    if (signal?.aborted) throw abortReason(signal);
    const kernel = this.#alive();
    const prepared = prepareRun(this.#settings, kernel, x, out, residual);
    this.#lastDims = prepared.call.dims;
    const data = await kernel.run({ ...prepared.call, out: prepared.direct }, signal);
    return finishRun(this.#settings, prepared, data);
  }

  /**
   * The same on this thread, which must not be used for anything else in the meantime. A
   * SharedArrayBuffer may lie under x, residual and out; concurrent writes to it give arbitrary
   * numbers, and nothing worse.
   *
   * @throws ConvfuseError ERR_ARGUMENT, ERR_DISPOSED, ERR_MEMORY, ERR_LIMIT
   */
  runSync(x: Tensor, options: RunSyncOptions = {}): Tensor {
    checkObject(options, 'options');
    const { out, residual } = options;
    const kernel = this.#alive();
    const prepared = prepareRun(this.#settings, kernel, x, out, residual);
    this.#lastDims = prepared.call.dims;
    if (prepared.out) checkApart(prepared.out, prepared.inputs);
    const data = prepared.direct ?? resultArray(this.#settings, prepared.dims);
    kernel.runSync({ ...prepared.call, out: data });
    return finishRun(this.#settings, prepared, data);
  }

  /** Frees the packed weights. Runs under way end well; later ones throw ERR_DISPOSED. */
  dispose(): void {
    this.#kernel?.dispose();
    this.#kernel = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): ConvKernel {
    if (this.#kernel) return this.#kernel;
    throw new ConvfuseError('ERR_DISPOSED', 'the layer was disposed of');
  }
}
