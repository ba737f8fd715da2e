import type { Backend, Precision } from '../backend/backend.js';
import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Dim, Value } from '../ir/value.js';
import { isOverridable, requiredInputs } from '../ir/view.js';
import { Inference } from '../ops/infer.js';
import type { Arithmetic } from '../ops/operator.js';
import { fromRunTensor, toRunTensor } from '../ops/run-tensor.js';
import type { DataType, TensorData } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { Arena } from './arena.js';
import { ConstantStore } from './constants.js';
import { Frame } from './execute.js';
import { checkFeeds, type Feeds } from './feeds.js';
import { sparseInitializers, unsupportedOperators } from './functions.js';
import type { Blocks } from './layout-members.js';
import type { Machine } from './machine.js';
import { planGraph, type Plan } from './plan.js';

export interface SessionOptions {
  readonly backend: Backend;
  readonly precision?: Precision;
  readonly threads?: number | undefined;
  /** float64 is the oracle's arithmetic: only the reference backend computes in it. */
  readonly arithmetic?: Arithmetic;
}

/** What a model declares of an input or output. */
export interface ValueMetadata {
  readonly name: string;
  readonly type: DataType | undefined;
  readonly shape: readonly Dim[] | undefined;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How long a run blocks the event loop before it yields. */
const TURN_MILLISECONDS = 8;

/** The most plans kept, each for other input shapes; a further one replaces the oldest. */
const MAX_PLANS = 8;

/**
 * A model ready to run. Weights are packed once; each new set of input shapes is planned once.
 * Several runs may be under way at the same time.
 */
export class Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];
  readonly #graph: Graph;
  readonly #machine: Machine;
  readonly #store: ConstantStore;
  readonly #plans = new Map<string, Plan>();
  readonly #bodies = new Map<Graph, Plan>();
  #disposed = false;

  private constructor(model: Model, options: SessionOptions) {
    const { graph } = model;
    const { backend } = options;
    const arithmetic = options.arithmetic ?? 'float32';
    this.#graph = graph;
    this.#store = new ConstantStore(arithmetic, backend);
    this.#machine = {
      backend,
      arithmetic,
      precision: options.precision ?? 'default',
      threads: options.threads,
      arena: new Arena(backend),
      kept: new Map<Node, object>(),
      planBody: (body) => this.#planBody(body),
    };
    const inputs = requiredInputs(graph);
    this.inputNames = inputs.map(({ name }) => name);
    this.outputNames = graph.outputs.map(({ name }) => name);
    this.inputMetadata = inputs.map(metadataOf);
    this.outputMetadata = graph.outputs.map(metadataOf);
  }

  /**
   * Makes a session, after checking that every operator is known. The model must not be edited
   * while the session lives.
   *
   * @throws ConvfuseError ERR_UNSUPPORTED (with all that is missing), ERR_MODEL
   */
  static create(model: Model, options: SessionOptions): Session {
    const missing = unsupportedOperators(model.graph);
    if (missing.length > 0) {
      throw new ConvfuseError('ERR_UNSUPPORTED', `operators not supported: ${missing.join(', ')}`);
    }
    const sparse = sparseInitializers(model.graph);
    if (sparse.length > 0) {
      throw new ConvfuseError('ERR_UNSUPPORTED', `sparse initializers: ${sparse.join(', ')}`);
    }
    return new Session(model, options);
  }

  /**
   * Runs the model, yielding to the event loop between steps. The caller may change the feeds as
   * soon as this returns its promise: what is still to be read of them is copied before the first
   * yield.
   *
   * @returns outputs by name, in memory of their own
   * @throws ConvfuseError ERR_ARGUMENT, ERR_MODEL, ERR_UNSUPPORTED, ERR_DISPOSED; the signal's
   * reason when it aborts
   */
  async run(feeds: Feeds, { signal }: RunOptions = {}): Promise<Record<string, Tensor>> {
    signal?.throwIfAborted();
    const frame = this.#frame(feeds);
    try {
      let turn = performance.now();
      for (let index = 0; index < frame.stepCount;) {
        if (performance.now() - turn >= TURN_MILLISECONDS) {
          frame.takeOver();
          await new Promise((resolve) => setImmediate(resolve));
          signal?.throwIfAborted();
          if (this.#disposed) throw disposedError();
          turn = performance.now();
        }
        index = frame.runStep(index);
      }
      return this.#results(frame);
    } finally {
      frame.finish();
    }
  }

  /** Runs the model without yielding. @throws what run() rejects with */
  runSync(feeds: Feeds): Record<string, Tensor> {
    const frame = this.#frame(feeds);
    try {
      frame.runAll();
      return this.#results(frame);
    } finally {
      frame.finish();
    }
  }

  /** The plan for feeds of these shapes, for reports. @throws ConvfuseError as run() does */
  plan(feeds: Feeds): Plan {
    return this.#planFor(checkFeeds(this.#graph, feeds));
  }

  /** Bytes of the buffers for values between steps: free ones, and those in use by current runs. */
  get memory(): { readonly free: number; readonly lent: number } {
    const { freeBytes, lentBytes } = this.#machine.arena;
    return { free: freeBytes, lent: lentBytes };
  }

  /** Frees packed weights and buffers. Unfinished runs reject. */
  dispose(): void {
    this.#disposed = true;
    for (const kept of this.#machine.kept.values()) {
      if ('dispose' in kept && typeof kept.dispose === 'function') kept.dispose();
    }
    this.#machine.kept.clear();
    this.#machine.arena.clear();
    this.#plans.clear();
    this.#bodies.clear();
  }

  #frame(feeds: Feeds): Frame {
    if (this.#disposed) throw disposedError();
    const checked = checkFeeds(this.#graph, feeds);
    const plan = this.#planFor(checked);
    const { arithmetic } = this.#machine;
    const inputs = this.#graph.inputs.map((value) => {
      const tensor = checked.get(value);
      return tensor && toRunTensor(tensor, arithmetic);
    });
    const frame = new Frame(this.#machine, plan, inputs);
    // Other threads may write to shared memory while a step runs.
    if (inputs.some((tensor) => tensor !== undefined && isShared(tensor.data))) frame.takeOver();
    return frame;
  }

  #results(frame: Frame): Record<string, Tensor> {
    const tensors = frame.outputs();
    return Object.fromEntries(
      this.outputNames.map((name, i) => [name, fromRunTensor(tensors[i]!)]),
    );
  }

  #planFor(feeds: ReadonlyMap<Value, Tensor>): Plan {
    const key = JSON.stringify([...feeds].map(([{ name }, { dims }]) => [name, dims]));
    const found = this.#plans.get(key);
    if (found !== undefined) return found;
    const fed = new Set(feeds.keys());
    const inputDims = new Map([...feeds].map(([{ name }, { dims }]) => [name, dims]));
    const inference = new Inference({ inputDims, overridden: fed });
    const plan = planGraph(this.#graph, inference, this.#store, fed, this.#blocks());
    if (this.#plans.size >= MAX_PLANS) {
      this.#plans.delete([...this.#plans.keys()][0]!);
      this.#machine.arena.forgetBlocked();
    }
    this.#plans.set(key, plan);
    return plan;
  }

  /** The properties of blocks; undefined where the backend does not compute on them. */
  #blocks(): Blocks | undefined {
    const { backend, arithmetic, precision } = this.#machine;
    const { lanes } = backend;
    if (lanes === undefined || arithmetic !== 'float32') return undefined;
    return { lanes, precision };
  }

  /** Bodies are planned without shapes, which may differ from iteration to iteration. */
  #planBody(body: Graph): Plan {
    const found = this.#bodies.get(body);
    if (found !== undefined) return found;
    // A caller may have overridden these initializers: the run's own tensors count.
    const overridden = new Set(this.#graph.inputs.filter(isOverridable));
    const inference = new Inference({ overridden, lenient: true });
    const plan = planGraph(body, inference, this.#store, overridden);
    this.#bodies.set(body, plan);
    return plan;
  }
}

function metadataOf({ name, declaration }: Value): ValueMetadata {
  return { name, type: declaration?.type, shape: declaration?.dims };
}

function isShared(data: TensorData): boolean {
  return ArrayBuffer.isView(data) && data.buffer instanceof SharedArrayBuffer;
}

function disposedError(): ConvfuseError {
  return new ConvfuseError('ERR_DISPOSED', 'the session was disposed of');
}
