import type { Precision } from '../backend/backend.js';
import { argumentError } from '../errors.js';
import { Model } from '../ir/model.js';
import { Session, type RunOptions, type ValueMetadata } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';
import { chosenBackend, type BackendChoice } from './backend-choice.js';
import { loadModel } from './load.js';

export interface SessionOptions extends BackendChoice {
  /** Default 'default'; see docs/numerics.md for the error of each. */
  readonly precision?: Precision | undefined;
}

const PRECISIONS: readonly unknown[] = ['strict', 'default', 'fast', 'bfloat16'];

/**
 * Runs a model: the calls of onnxruntime-common, so that a program can switch by its import.
 *
 *     const session = await InferenceSession.create('model.onnx');
 *     const { logits } = await session.run({ input: tensor });
 */
export class InferenceSession {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /**
   * @param source a loaded or fused model, the path of a file, or its bytes. A Model must not be
   *   fused or changed further while the session lives; fuseModel() returns a copy.
   * @throws ConvfuseError ERR_UNSUPPORTED with all the operators that are missing,
   *   ERR_NATIVE_LOAD, ERR_ARGUMENT, and what loadModel() throws
   */
  static async create(
    source: Model | string | Uint8Array,
    options: SessionOptions = {},
  ): Promise<InferenceSession> {
    const { precision = 'default' } = options;
    if (!PRECISIONS.includes(precision)) {
      throw argumentError(`one of ${PRECISIONS.join(', ')}`, 'precision', precision);
    }
    const model = source instanceof Model ? source : await loadModel(source);
    const backend = chosenBackend(options);
    return new InferenceSession(
      Session.create(model, { backend, precision, threads: options.threads }),
    );
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  /** Name, element type and declared shape of each input. */
  get inputMetadata(): readonly ValueMetadata[] {
    return this.#session.inputMetadata;
  }

  get outputMetadata(): readonly ValueMetadata[] {
    return this.#session.outputMetadata;
  }

  /**
   * Runs the model on inputs by name. The feeds are copied at once, the outputs are memory of
   * their own that is never overwritten.
   *
   * @throws ConvfuseError ERR_ARGUMENT, ERR_MODEL, ERR_DISPOSED; rejects with the signal's reason
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    options: RunOptions = {},
  ): Promise<Record<string, Tensor>> {
    return this.#session.run(feeds, options);
  }

  /** Frees packed weights and buffers, as onnxruntime-common names it. */
  release(): Promise<void> {
    this.#session.dispose();
    return Promise.resolve();
  }
}
