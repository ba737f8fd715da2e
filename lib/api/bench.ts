import type { Precision } from '../backend/backend.js';
import { argumentError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { requiredInputs } from '../ir/view.js';
import { Inference } from '../ops/infer.js';
import { Session } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkModel, checkOptions, checkSeed } from './arguments.js';
import { arithmeticOf, chosenBackend, type BackendChoice } from './backend-choice.js';
import { benchLayer, fusedLayers, variantTimes, type FusedLayer } from './bench-layers.js';
import type { LayerBench, ModelBench, NetworkBench } from './bench-report.js';
import { fuseModel, type FuseOptions } from './fuse.js';
import { machine } from './machine.js';
import { checkTiming, measure, type MeasureOptions } from './measure.js';
import { randomInputs } from './random-inputs.js';

export interface ModelBenchOptions extends Omit<BackendChoice, 'threads'> {
  /** Batch sizes. Default [1]. */
  readonly batch?: readonly number[] | undefined;
  /** Thread counts of the native backend. Default: as many as it would use. */
  readonly threads?: readonly number[] | undefined;
  /** Shapes of inputs by name, where the model leaves them open. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Seed of the random inputs. Default 0. */
  readonly seed?: number | undefined;
  readonly level?: FuseOptions['level'];
  /** See FuseOptions. */
  readonly constantInitializers?: boolean | undefined;
  readonly precision?: Precision | undefined;
  /** Time single convolutions too. Default true. */
  readonly layers?: boolean | undefined;
  /** Default: 7 rounds of 60 ms for each candidate. */
  readonly timing?: MeasureOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const TIMING: MeasureOptions = { rounds: 7, milliseconds: 60 };

/**
 * Fuses a copy of a model, verifies it, and times it against the original on seeded inputs: the
 * whole network on the executor, and each kind of convolution with its batch norm, sum and
 * activation fused, against the same as separate native passes (see LayerPair). Variants take turns
 * in short rounds and are compared round by round; only ratios within one run are meaningful.
 *
 * @throws ConvfuseError ERR_ARGUMENT; ERR_VERIFICATION where the fused model differs;
 * ERR_UNSUPPORTED where an input's shape is not known or the executor lacks an operator;
 * ERR_NATIVE_LOAD; the signal's reason
 */
export async function benchModel(
  model: Model,
  options: ModelBenchOptions = {},
): Promise<ModelBench> {
  checkModel(model);
  checkOptions(options);
  const { seed = 0, level, inputShapes, backend, isa, signal } = options;
  checkSeed(seed);
  if (options.timing !== undefined) checkTiming(options.timing);
  const batches = sizes(options.batch ?? [1], 'batch');
  const chosen = chosenBackend({ backend, isa });
  const threadCounts = sizes(options.threads ?? [chosen.threads], 'threads');
  const feeds = randomInputs(model, seed, inputShapes);
  const fused = await fuseModel(model, {
    level,
    backend,
    isa,
    signal,
    constantInitializers: options.constantInitializers,
    verify: { seed, inputShapes },
  });
  const { sites, verification } = fused.report;
  const kinds = options.layers === false ? [] : layersOf(model, fused, feeds, options);
  const networks: NetworkBench[] = [];
  const layers: LayerBench[] = [];
  const total = batches.length * threadCounts.length * (kinds.length + 1);
  for (const batch of batches) {
    for (const threads of threadCounts) {
      const turn = new Turn(options, batch, threads);
      for (const kind of kinds) {
        options.onProgress?.(networks.length + layers.length, total);
        const layer = await turn.layer(kind);
        if (layer !== undefined) layers.push(layer);
      }
      options.onProgress?.(networks.length + layers.length, total);
      networks.push(await turn.network(model, fused.model, feeds));
    }
  }
  return {
    machine: { ...machine(), backend: chosen.name, isa: chosen.isa },
    seed,
    fused: sites.filter(({ verdict }) => verdict === 'fused').length,
    verification,
    networks,
    layers,
  };
}

/** The measurements at one batch size and one thread count. */
class Turn {
  readonly #options: ModelBenchOptions;
  readonly #timing: MeasureOptions;
  readonly #batch: number;
  readonly #threads: number;

  constructor(options: ModelBenchOptions, batch: number, threads: number) {
    const { timing = TIMING, signal } = options;
    this.#options = options;
    this.#timing = { ...timing, signal };
    this.#batch = batch;
    this.#threads = threads;
  }

  async layer(kind: FusedLayer): Promise<LayerBench | undefined> {
    const { backend, isa } = this.#options;
    const choice = { backend, isa, threads: this.#threads };
    return benchLayer(kind, this.#batch, choice, this.#timing);
  }

  async network(
    original: Model,
    fused: Model,
    single: Readonly<Record<string, Tensor>>,
  ): Promise<NetworkBench> {
    const batch = this.#batch;
    const at = { batch, threads: this.#threads };
    const feeds = this.#feeds(original, single);
    if (typeof feeds === 'string') return { ...at, variants: [], skipped: feeds };
    const sessions: Session[] = [];
    try {
      const candidates = [original, fused].map((model, index) => {
        const session = sessionOf(model, this.#options, this.#threads);
        sessions.push(session);
        return { name: index === 0 ? 'unfused' : 'fused', run: () => session.runSync(feeds) };
      });
      const results = await measure(candidates, this.#timing);
      return {
        ...at,
        variants: results.map((result) => variantTimes(result, batch)),
        skipped: undefined,
      };
    } finally {
      for (const session of sessions) session.dispose();
    }
  }

  /** Inputs of this batch size, or the reason why the model cannot take it. */
  #feeds(
    model: Model,
    single: Readonly<Record<string, Tensor>>,
  ): Readonly<Record<string, Tensor>> | string {
    const { seed = 0 } = this.#options;
    const shapes: Record<string, readonly number[]> = {};
    for (const { name, declaration } of requiredInputs(model.graph)) {
      const dims = single[name]!.dims;
      const fixed = typeof declaration?.dims?.[0] === 'number';
      if (dims.length === 0 || dims[0] === this.#batch) continue;
      if (fixed) return `the batch of input ${name} is ${dims[0]} in the model`;
      shapes[name] = [this.#batch, ...dims.slice(1)];
    }
    const open = Object.fromEntries(Object.entries(single).map(([name, { dims }]) => [name, dims]));
    return randomInputs(model, seed, { ...open, ...shapes });
  }
}

function layersOf(
  { graph: original }: Model,
  { model, report: { sites } }: Awaited<ReturnType<typeof fuseModel>>,
  feeds: Readonly<Record<string, Tensor>>,
  options: ModelBenchOptions,
): FusedLayer[] {
  const session = sessionOf(model, options, undefined);
  try {
    const inputDims = new Map(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
    const inference = new Inference({ inputDims, overridden: new Set(), lenient: true });
    const images = Object.values(feeds)[0]?.dims[0] ?? 1;
    const { steps } = session.plan(feeds);
    return fusedLayers({ original, steps, inference, sites, images });
  } finally {
    session.dispose();
  }
}

function sessionOf(
  model: Model,
  { backend, isa, precision }: ModelBenchOptions,
  threads: number | undefined,
): Session {
  const chosen = chosenBackend({ backend, isa, threads });
  const arithmetic = arithmeticOf(chosen);
  return Session.create(model, {
    backend: chosen,
    arithmetic,
    threads,
    ...(precision === undefined ? {} : { precision }),
  });
}

function sizes(values: readonly number[], name: string): readonly number[] {
  const fine =
    Array.isArray(values) &&
    values.length > 0 &&
    values.every((value) => Number.isSafeInteger(value) && value > 0);
  if (fine) return values;
  throw argumentError('whole numbers above 0', name, values);
}
