import {
  checkInputs,
  checkModel,
  checkOptions,
  checkRuns,
  checkSeed,
  checkTolerance,
} from './arguments.js';
import { arithmeticOf, chosenBackend, type BackendChoice } from './backend-choice.js';
import { ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { requiredInputs } from '../ir/view.js';
import { Session } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';
import { compareOutputs, defaultRtol, type Comparison } from './compare.js';
import { randomInputs } from './random-inputs.js';
import type { VerificationReport, WorstElement } from './report.js';

export interface VerifyOptions extends BackendChoice {
  /** Seeded random inputs to try. Default 2; with `inputs`, as many as there are. */
  readonly runs?: number | undefined;
  /** Seed of the random inputs. Default 0. */
  readonly seed?: number | undefined;
  /** Inputs by name, one record per run, in place of random ones. */
  readonly inputs?: readonly Readonly<Record<string, Tensor>>[] | undefined;
  /** Shapes of random inputs by name, where the model leaves them open. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Largest relative L2 distance of an output. Default 1e-4; 1e-2 for 16-bit floats. */
  readonly rtol?: number | undefined;
  /** Largest absolute difference that passes in any case. Default 0. */
  readonly atol?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const DEFAULT_RUNS = 2;

/**
 * Runs two models on the same inputs and compares every output; see compareOutputs for the measure.
 * On the native backend the models run in float32. Where that comparison fails they run again in
 * double, which tells whether a tie flipped (in a comparison, a top-k, a rounding) or the models
 * differ. On the reference backend everything is in double from the start.
 *
 * @returns status 'skipped' with the reason where a model cannot be run here
 * @throws ConvfuseError ERR_ARGUMENT
 */
export async function verifyModels(
  original: Model,
  fused: Model,
  options: VerifyOptions = {},
): Promise<VerificationReport> {
  checkModel(original, 'original');
  checkModel(fused, 'fused');
  checkVerifyOptions(options);
  const { inputs, inputShapes = {}, seed = 0, signal } = options;
  const runs = inputs?.length ?? options.runs ?? DEFAULT_RUNS;
  const outcome = new Outcome(runs, seed);
  const mismatch = signatureMismatch(original, fused);
  if (mismatch !== undefined) return outcome.failed(mismatch);

  const feedsOf = (run: number): Readonly<Record<string, Tensor>> =>
    inputs?.[run] ?? randomInputs(original, seed + run, inputShapes);
  try {
    const pair = new Pair(original, fused, options);
    let inDouble: Pair | undefined;
    for (let run = 0; run < runs; run++) {
      const feeds = feedsOf(run);
      const comparisons = await pair.compare(feeds);
      if (pair.isDouble || comparisons.every(({ equal }) => equal)) {
        outcome.judgeRun(comparisons);
        continue;
      }
      inDouble ??= new Pair(original, fused, { ...options, backend: 'reference' });
      const settled = await inDouble.compare(feeds);
      outcome.judgeRun([...comparisons.filter(({ equal }) => equal), ...settled]);
      outcome.note('unstable in float32: a tie flips; equal in double');
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Diverged) return outcome.failed(error.message);
    // Inputs given by the caller must fit; random ones may fail through nobody's fault.
    if (error instanceof ConvfuseError && error.code === 'ERR_ARGUMENT' && inputs) throw error;
    if (error instanceof ConvfuseError && error.code !== 'ERR_INTERNAL') {
      // A difference found in an earlier run counts, whatever happens in a later one.
      return outcome.isFailure
        ? outcome.failed(error.message)
        : skippedVerification(error.message, seed);
    }
    throw error;
  }
  return outcome.report();
}

/** @throws ConvfuseError ERR_ARGUMENT */
export function checkVerifyOptions(options: VerifyOptions): void {
  checkOptions(options);
  const { inputs, runs = DEFAULT_RUNS, seed = 0, rtol, atol } = options;
  if (inputs !== undefined) checkInputs(inputs);
  checkRuns(runs);
  checkSeed(seed);
  checkTolerance(rtol, 'rtol');
  checkTolerance(atol, 'atol');
}

/** The fused model fails where the original runs. */
class Diverged extends Error {}

/** The two models, ready to run on one backend in one arithmetic. */
class Pair {
  readonly isDouble: boolean;
  readonly #original: Session;
  readonly #fused: Session;
  readonly #options: VerifyOptions;

  constructor(original: Model, fused: Model, options: VerifyOptions) {
    const backend = chosenBackend(options);
    this.isDouble = backend.name === 'reference';
    const session = {
      backend,
      precision: 'strict',
      arithmetic: arithmeticOf(backend),
    } as const;
    this.#original = Session.create(original, session);
    this.#fused = Session.create(fused, session);
    this.#options = options;
  }

  async compare(feeds: Readonly<Record<string, Tensor>>): Promise<Comparison[]> {
    const { rtol, atol = 0, signal } = this.#options;
    const expected = await this.#original.run(feeds, { signal });
    let actual: Readonly<Record<string, Tensor>>;
    try {
      actual = await this.#fused.run(feeds, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw new Diverged(`the fused model does not run: ${(error as Error).message}`);
    }
    return Object.entries(expected).map(([name, tensor]) =>
      compareOutputs(name, tensor, actual[name]!, {
        rtol: rtol ?? defaultRtol(tensor.type),
        atol,
      }),
    );
  }
}

/** The report of a comparison that did not take place. */
export function skippedVerification(reason: string, seed = 0): VerificationReport {
  return {
    status: 'skipped',
    reason,
    runs: 0,
    seed,
    maxAbs: undefined,
    relL2: undefined,
    worst: undefined,
  };
}

/** Says how the signatures differ, where they do. */
function signatureMismatch(original: Model, fused: Model): string | undefined {
  const names = (values: readonly { name: string }[]): string =>
    values.map(({ name }) => name).join(', ');
  const inputs = [names(requiredInputs(original.graph)), names(requiredInputs(fused.graph))];
  if (inputs[0] !== inputs[1]) return `inputs differ: ${inputs[0]} and ${inputs[1]}`;
  const outputs = [names(original.graph.outputs), names(fused.graph.outputs)];
  if (outputs[0] !== outputs[1]) return `outputs differ: ${outputs[0]} and ${outputs[1]}`;
  return undefined;
}

/** Accumulates comparisons into a report. */
class Outcome {
  readonly #runs: number;
  readonly #seed: number;
  #done = 0;
  #maxAbs = 0;
  #relL2 = 0;
  #worst: WorstElement | undefined;
  #problem: string | undefined;
  #note: string | undefined;

  constructor(runs: number, seed: number) {
    this.#runs = runs;
    this.#seed = seed;
  }

  get isFailure(): boolean {
    return this.#problem !== undefined;
  }

  judgeRun(comparisons: readonly Comparison[]): void {
    this.#done += 1;
    for (const { equal, problem, maxAbs, relL2, worst } of comparisons) {
      if (!equal) this.#problem ??= problem ?? 'beyond tolerance';
      this.#maxAbs = Math.max(this.#maxAbs, maxAbs);
      // Among equals the first, as for problems, so that both name the same element.
      if (relL2 > this.#relL2 || this.#worst === undefined) {
        this.#relL2 = Math.max(this.#relL2, relL2);
        this.#worst = worst;
      }
    }
  }

  note(text: string): void {
    this.#note = text;
  }

  /** Counts only runs that were compared; without any, there are no measured differences. */
  failed(reason: string): VerificationReport {
    this.#problem ??= reason;
    const unmeasured = this.#done === 0 && { maxAbs: undefined, relL2: undefined };
    return { ...this.report(), runs: this.#done, ...unmeasured };
  }

  report(): VerificationReport {
    return {
      status: this.#problem === undefined ? 'passed' : 'failed',
      reason: this.#problem ?? this.#note,
      runs: this.#runs,
      seed: this.#seed,
      maxAbs: this.#maxAbs,
      relL2: this.#relL2,
      worst: this.#worst,
    };
  }
}
