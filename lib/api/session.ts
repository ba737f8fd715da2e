import { PRECISIONS, type Precision } from '../backend/backend.js';
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
  /** The name that onnxruntime-common has for `threads`; `threads` wins where both are given. */
  readonly intraOpNumThreads?: number | undefined;
}

export interface InferenceRunOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Inputs by name. An onnxruntime-common Tensor on the CPU can be used directly. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** A model, the path of a file, or the file's bytes. */
export type ModelSource = Model | string | Uint8Array | ArrayBuffer;

/** The outputs to return: a list of names, or a record whose keys are the names. */
export type Fetches = readonly string[] | Readonly<Record<string, Tensor | null>>;

/**
 * Runs a model. The methods are those of onnxruntime-common, so that a program can switch between
 * the two by its import.
 */
export class InferenceSession {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Creates a session. Options that only onnxruntime has, such as executionProviders, are ignored.
   *
   * @param source a model, the path of a file, or its bytes, which may be a part of an ArrayBuffer.
   * A Model must not be changed while the session lives; fuseModel() returns a copy.
   * @throws ConvfuseError as loadModel does; ERR_UNSUPPORTED naming every operator that is missing;
   * ERR_NATIVE_LOAD, ERR_ARGUMENT
   */
  static async create(source: ModelSource, options?: SessionOptions): Promise<InferenceSession>;
  static async create(
    buffer: ArrayBuffer,
    byteOffset: number,
    byteLength?: number,
    options?: SessionOptions,
  ): Promise<InferenceSession>;
  static async create(
    source: ModelSource,
    second: SessionOptions | number = {},
    byteLength?: number,
    last: SessionOptions = {},
  ): Promise<InferenceSession> {
    const part = typeof second === 'number';
    const options = part ? last : second;
    checkOptions(options);
    const { precision = 'default', allowSymlinks = false } = options;
    if (!PRECISIONS.includes(precision)) {
      throw argumentError(`one of ${PRECISIONS.join(', ')}`, 'precision', precision);
    }
    const threads = options.threads ?? options.intraOpNumThreads;
    const backend = chosenBackend({ ...options, threads });
    const bytes =
      source instanceof ArrayBuffer ? partOf(source, part ? second : 0, byteLength) : source;
    const model = bytes instanceof Model ? bytes : await loadModel(bytes, { allowSymlinks });
    const arithmetic = arithmeticOf(backend);
    return new InferenceSession(Session.create(model, { backend, precision, arithmetic, threads }));
  }

  /** Names of the inputs that must be fed, in the order of the model. */
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
   * Runs the model once. Feeds are copied before this returns; results are in memory that is never
   * overwritten later. Fetches name the outputs to return; default: all.
   *
   * @throws ConvfuseError ERR_ARGUMENT, ERR_MODEL, ERR_UNSUPPORTED, ERR_DISPOSED; the signal's
   * reason when it aborts
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

  /**
   * Tells fetches from options as onnxruntime-common does: by whether keys are names of outputs.
   */
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

function partOf(
  buffer: ArrayBuffer,
  offset: number,
  length = buffer.byteLength - offset,
): Uint8Array {
  const inside = [offset, length].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!inside || offset + length > buffer.byteLength) {
    throw argumentError(`a part of ${buffer.byteLength} bytes`, 'byteOffset and byteLength', [
      offset,
      length,
    ]);
  }
  return new Uint8Array(buffer, offset, length);
}
