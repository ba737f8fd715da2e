import { abortReason, checkSignal } from '../backend/abort.js';
import type { ConvKernel } from '../backend/backend.js';
import { selectBackend } from '../backend/select.js';
import { checkObject, ConvfuseError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { callInto, finishRun, prepareRun, resultArray } from './conv-run.js';
import { readConvOptions, type ConvOptions, type ConvSettings } from './conv-options.js';
import { checkApart } from './parameters.js';

/** Options of one run. */
export interface RunSyncOptions {
  /**
   * A tensor of the result's type and dimensions, to write the result to; it is also returned. For
   * large results reusing one is much faster than fresh memory, and a result of run() is the best
   * one: from 1 MiB on it lies in huge pages, which saves up to a fifth of the time of layers that
   * are bound by memory. It must not share memory with an input.
   */
  readonly out?: Tensor | undefined;
  /** A tensor of the result's type and dimensions that is added before the activation. */
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
   * @throws ConvfuseError ERR_ARGUMENT; ERR_NATIVE_LOAD where the backend or ISA asked for is not
   * available; ERR_UNSUPPORTED for a precision that this CPU lacks; ERR_MEMORY
   */
  constructor(options: ConvOptions) {
    const settings = readConvOptions(options);
    const { backend, isa, threads } = settings;
    this.#settings = settings;
    this.#kernel = selectBackend(backend, { isa, threads }).conv(settings.spec);
  }

  /**
   * The algorithm of the latest run, and the reason in parentheses; both depend on the input's
   * size.
   */
  get algorithm(): string {
    const kernel = this.#alive();
    return this.#lastDims ? kernel.algorithm(this.#lastDims) : 'not chosen before the first run';
  }

  /**
   * Runs off the main thread. Inputs are copied before this returns, so the caller may change or
   * transfer them at once. Without `out`, the result is in memory that is never overwritten later.
   *
   * @param x [N, C, ...spatial], or [N, ...spatial, C] in layout 'nhwc'
   * @returns a tensor of [N, M, ...spatial] or [N, ...spatial, M]
   * @throws ConvfuseError ERR_ARGUMENT, ERR_DISPOSED, ERR_MEMORY; ERR_LIMIT when too many runs
   * wait, and for results of more than 2^31 elements; the signal's reason
   */
  async run(x: Tensor, options: RunOptions = {}): Promise<Tensor> {
    checkObject(options, 'options');
    const { signal, out, residual } = options;
    checkSignal(signal);
    if (signal?.aborted) throw abortReason(signal);
    const kernel = this.#alive();
    const prepared = prepareRun(this.#settings, kernel, x, out, residual);
    this.#lastDims = prepared.call.dims;
    const data = await kernel.run(callInto(prepared, prepared.direct), signal);
    return finishRun(this.#settings, prepared, data);
  }

  /**
   * run() on this thread, which it blocks until the result is complete. x, residual and out may lie
   * in a SharedArrayBuffer; concurrent writes to it give arbitrary numbers, and nothing worse.
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
    kernel.runSync(callInto(prepared, data));
    return finishRun(this.#settings, prepared, data);
  }

  /** Frees the packed weights. Current runs finish normally; later ones throw ERR_DISPOSED. */
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
