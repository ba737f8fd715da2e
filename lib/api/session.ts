import type { Precision } from '../backend/backend.js';
import { argumentError, checkObject } from '../errors.js';
import { Model } from '../ir/model.js';
import { Session, type ValueMetadata } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkOptions } from './arguments.js';
import { arithmeticOf, chosenBackend, type BackendChoice } from './backend-choice.js';
import { loadModel, type LoadOptions } from './load.js';

export interface SessionOptions extends BackendChoice, LoadOptions {
  /** Default 'default'; see docs/numerics.md for the error of each. */
  readonly precision?: Precision | undefined;
}

const PRECISIONS: readonly unknown[] = ['strict', 'default', 'fast', 'bfloat16'];

export interface InferenceRunOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Inputs by name. An onnxruntime-common Tensor on the CPU is accepted as it is. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Names of the outputs that are wanted; with tensors for values, their keys. */
export type Fetches = readonly string[] | Readonly<Record<string, Tensor | null>>;

/**
 * Runs a model. The calls are those of onnxruntime-common, so that a program can switch to it, or
 * back, by its import.
 */
export class InferenceSession {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /**
   * @param source a model, the path of a file, or its bytes. A Model must not be changed while
   *   the session lives; fuseModel() returns a copy.
   * @throws ConvfuseError as loadModel does; ERR_UNSUPPORTED naming every operator that is
   *   missing; ERR_NATIVE_LOAD, ERR_ARGUMENT
   */
  static async create(
    source: Model | string | Uint8Array,
    options: SessionOptions = {},
  ): Promise<InferenceSession> {
    checkOptions(options);
    const { precision = 'default', allowSymlinks = false } = options;
    if (!PRECISIONS.includes(precision)) {
      throw argumentError(`one of ${PRECISIONS.join(', ')}`, 'precision', precision);
    }
    const backend = chosenBackend(options);
    const model = source instanceof Model ? source : await loadModel(source, { allowSymlinks });
    const arithmetic = arithmeticOf(backend);
    const { threads } = options;
    return new InferenceSession(Session.create(model, { backend, precision, arithmetic, threads }));
  }

  /** In the order of the model. */
  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  /** Types and shapes as the model declares them. */
  get inputMetadata(): readonly ValueMetadata[] {
    return this.#session.inputMetadata;
  }

  get outputMetadata(): readonly ValueMetadata[] {
    return this.#session.outputMetadata;
  }

  /**
   * One inference. Feeds are copied before this returns; results are in memory that is never
   * overwritten later. Fetches name the outputs wanted: all where they are left out.
   *
   * @throws ConvfuseError ERR_ARGUMENT, ERR_MODEL, ERR_UNSUPPORTED, ERR_DISPOSED; the signal's
   *   reason when it aborts
   */
  async run(feeds: Feeds, options?: InferenceRunOptions): Promise<Record<string, Tensor>>;
  async run(
    feeds: Feeds,
    fetches: Fetches,
    options?: InferenceRunOptions,
  ): Promise<Record<string, Tensor>>;
  async run(
    feeds: Feeds,
    second: Fetches | InferenceRunOptions = {},
    third?: InferenceRunOptions,
  ): Promise<Record<string, Tensor>> {
    const [wanted, options] = this.#arguments(second, third);
    checkOptions(options);
    const results = await this.#session.run(feeds, { signal: options.signal });
    if (wanted === undefined) return results;
    return Object.fromEntries(wanted.map((name) => [name, results[name]!]));
  }

  /** Frees packed weights and buffers. Later runs reject with ERR_DISPOSED. */
  async release(): Promise<void> {
    this.#session.dispose();
  }

  /** Tells fetches from options as onnxruntime-common does: by the names of its outputs. */
  #arguments(
    second: Fetches | InferenceRunOptions,
    third: InferenceRunOptions | undefined,
  ): [readonly string[] | undefined, InferenceRunOptions] {
    checkObject(second, 'fetches or options');
    const isNames = Array.isArray(second);
    const names = isNames ? (second as readonly string[]) : Object.keys(second);
    const known = names.filter((name) => this.outputNames.includes(name));
    const isFetches = third !== undefined || isNames || known.length > 0;
    if (!isFetches) return [undefined, second as InferenceRunOptions];
    if (known.length < names.length || names.length === 0) {
      throw argumentError(`names among ${this.outputNames.join(', ')}`, 'fetches', names);
    }
    return [names, third ?? {}];
  }
}
