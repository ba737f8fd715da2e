import type { ActivationKind } from '../backend/activation.js';
import type { Backend, Precision } from '../backend/backend.js';
import { ConvfuseError } from '../errors.js';
import { cloneModel } from '../ir/clone.js';
import { Editor } from '../ir/editor.js';
import type { Model } from '../ir/model.js';
import { Inference } from '../ops/infer.js';
import { Session } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';
import {
  activationSites,
  replaceActivation,
  type ActivationSite,
  type Replacement,
} from './activation-sites.js';
import { checkModel } from './arguments.js';
import { arithmeticOf, chosenBackend } from './backend-choice.js';
import { measure, type MeasureOptions } from './measure.js';
import { ErrorMeter, type OutputError } from './output-error.js';
import { randomInputs } from './random-inputs.js';
import { readStudyOptions, type ActivationStudyOptions } from './study-options.js';
import type {
  ActivationLayer,
  ActivationStudy,
  ActivationStudyProgress,
  ActivationSwap,
  TimeChange,
} from './study-report.js';
import { LayerTimes } from './study-times.js';

const TIMING: MeasureOptions = { rounds: 5, milliseconds: 60 };

/**
 * Measures how swapping activations for another one changes a model's outputs and time, layer by
 * layer and all together, on the given inputs or on seeded ones. Activations are found as single
 * operators and as several nodes, in the main graph. The model itself is not changed.
 *
 * Errors are relative L2 distances and largest differences of the outputs (see OutputError),
 * computed in float32 at precision 'strict', or in double on the reference backend. Times are those
 * of FusedConv2d on the shape of the layer, and of a session for the whole network.
 *
 * With `budget`, layers are tried in the order of their own errors. Each is swapped if the error of
 * all layers swapped so far stays within the budget; `model` is a copy with these swapped. A swap
 * is not an exact rewrite: only real data can tell whether the model is still good enough.
 *
 * @throws ConvfuseError ERR_ARGUMENT; ERR_VERSION, ERR_UNSUPPORTED and what InferenceSession.run
 * throws where the model cannot be run; ERR_NATIVE_LOAD; the signal's reason
 */
export async function studyActivations(
  model: Model,
  options: ActivationStudyOptions = {},
): Promise<{ readonly study: ActivationStudy; readonly model: Model | undefined }> {
  return new Study(model, options).run();
}

class Study {
  readonly #model: Model;
  readonly #options: ActivationStudyOptions;
  readonly #backend: Backend;
  readonly #replace: readonly ActivationKind[];
  readonly #with: Replacement;
  readonly #feeds: readonly Readonly<Record<string, Tensor>>[];
  readonly #sites: readonly ActivationSite[];
  #expected: readonly Readonly<Record<string, Tensor>>[] = [];

  constructor(model: Model, options: ActivationStudyOptions) {
    checkModel(model);
    const { replace, replacement, runs, seed } = readStudyOptions(options);
    this.#model = model;
    this.#options = options;
    if (model.unknownVersion !== undefined) {
      throw new ConvfuseError('ERR_VERSION', `the model uses ${model.unknownVersion}`);
    }
    this.#backend = chosenBackend(options);
    this.#replace = replace;
    this.#with = replacement;
    this.#feeds =
      options.inputs ??
      Array.from({ length: runs }, (_, run) =>
        randomInputs(model, seed + run, options.inputShapes),
      );
    this.#sites = this.#sitesOf(model);
  }

  async run(): Promise<{ study: ActivationStudy; model: Model | undefined }> {
    const { inputs, seed = 0, budget } = this.#options;
    this.#expected = await this.#outputs(this.#model);
    const errors: OutputError[] = [];
    for (const at of this.#sites.keys()) {
      this.#progress('error', at, this.#sites.length);
      errors.push(await this.#errorOf([at]));
    }
    const order = [...this.#sites.keys()].sort((a, b) =>
      compare(errors[a]!.relL2, errors[b]!.relL2),
    );
    const chosen = budget === undefined ? undefined : await this.#choose(order, errors, budget);
    const times = await this.#layerTimes();
    const layers = order.map((at): ActivationLayer => {
      const { nodes, activation } = this.#sites[at]!;
      return {
        node: nodes.at(-1)!.label,
        activation: activation.kind,
        operators: nodes.map(({ opType }) => opType),
        layer: times[at]!.layer,
        error: errors[at]!,
        time: times[at]!.time,
        chosen: chosen?.includes(at) ?? false,
      };
    });
    const study: ActivationStudy = {
      replace: this.#replace,
      with: this.#with,
      inputs: inputs === undefined ? 'random' : 'given',
      runs: this.#feeds.length,
      seed,
      layers,
      total: await this.#swap(order),
      chosen: chosen && { budget: budget!, ...(await this.#swap(chosen)) },
    };
    return { study, model: chosen && this.#swapped(chosen) };
  }

  /**
   * Adds layer after layer, the least harmful first, if the error of all together stays within the
   * budget.
   */
  async #choose(
    order: readonly number[],
    errors: readonly OutputError[],
    budget: number,
  ): Promise<number[]> {
    const chosen: number[] = [];
    for (const [tried, at] of order.entries()) {
      this.#progress('choose', tried, order.length);
      // Errors of several layers need not add up, so they are measured; the error of one layer is
      // known.
      const { relL2 } = chosen.length === 0 ? errors[at]! : await this.#errorOf([...chosen, at]);
      if (relL2 <= budget) chosen.push(at);
    }
    return chosen;
  }

  async #swap(places: readonly number[]): Promise<ActivationSwap> {
    const error = await this.#errorOf(places);
    return { layers: places.length, error, time: await this.#networkTime(places) };
  }

  async #errorOf(places: readonly number[]): Promise<OutputError> {
    const meter = new ErrorMeter();
    const actual =
      places.length === 0 ? this.#expected : await this.#outputs(this.#swapped(places));
    this.#expected.forEach((expected, run) => meter.add(expected, actual[run]!));
    return meter.result();
  }

  async #outputs(model: Model): Promise<Record<string, Tensor>[]> {
    const session = this.#session(model, 'strict');
    try {
      const outputs: Record<string, Tensor>[] = [];
      const { signal } = this.#options;
      for (const feeds of this.#feeds) outputs.push(await session.run(feeds, { signal }));
      return outputs;
    } finally {
      session.dispose();
    }
  }

  async #networkTime(places: readonly number[]): Promise<TimeChange | undefined> {
    const { timing = TIMING, signal } = this.#options;
    if (timing === false || places.length === 0) return undefined;
    const sessions = [this.#model, this.#swapped(places)].map((model) =>
      this.#session(model, 'default'),
    );
    const feeds = this.#feeds[0]!;
    try {
      const candidates = sessions.map((session, at) => ({
        name: at === 0 ? 'before' : 'after',
        run: () => session.runSync(feeds),
      }));
      return timeChange(await measure(candidates, { ...timing, signal }));
    } finally {
      for (const session of sessions) session.dispose();
    }
  }

  async #layerTimes(): Promise<{ layer: string | undefined; time: TimeChange | undefined }[]> {
    const { timing = TIMING, signal, backend, isa, threads } = this.#options;
    const times = new LayerTimes(this.#shapes(), this.#with, { backend, isa, threads });
    const results: { layer: string | undefined; time: TimeChange | undefined }[] = [];
    for (const [at, site] of this.#sites.entries()) {
      this.#progress('time', at, this.#sites.length);
      const layer = times.layerOf(site);
      const measured =
        timing === false || layer === undefined
          ? undefined
          : await times.measure(layer, site.activation, { ...timing, signal });
      results.push({ layer: layer?.node.label, time: measured && timeChange(measured) });
    }
    return results;
  }

  /** A copy of the model with these sites swapped. */
  #swapped(places: readonly number[]): Model {
    const copy = cloneModel(this.#model);
    const sites = this.#sitesOf(copy);
    const edit = new Editor(copy);
    for (const at of places) replaceActivation(edit, sites[at]!, this.#with);
    edit.sweep();
    return copy;
  }

  /**
   * Finds sites by facts that hold in every run: not by shapes of particular inputs, nor by
   * constants that callers may override.
   */
  #sitesOf(model: Model): ActivationSite[] {
    const kinds = new Set(this.#replace);
    if (kinds.has('gelu')) kinds.add('gelu-tanh');
    return activationSites(model.graph, new Inference({ lenient: true }), kinds);
  }

  /** Shapes in a run on the first input. */
  #shapes(): Inference {
    const dims = Object.entries(this.#feeds[0]!).map(
      ([name, tensor]) => [name, tensor.dims] as const,
    );
    return new Inference({ inputDims: new Map(dims), lenient: true });
  }

  #session(model: Model, precision: Precision): Session {
    const backend = this.#backend;
    const arithmetic = arithmeticOf(backend);
    const { threads } = this.#options;
    return Session.create(model, { backend, precision, arithmetic, threads });
  }

  #progress(phase: ActivationStudyProgress['phase'], done: number, total: number): void {
    this.#options.signal?.throwIfAborted();
    this.#options.onProgress?.({ phase, done, total });
  }
}

function timeChange([before, after]: Awaited<ReturnType<typeof measure>>): TimeChange {
  return { before: before!.latency, after: after!.latency, ratio: after!.ratio };
}

/** Compares numbers for sorting; two infinities are equal, although their difference is NaN. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
