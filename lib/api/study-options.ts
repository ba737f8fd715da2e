import { ACTIVATION_KINDS, type ActivationKind } from '../backend/activation.js';
import { argumentError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { REPLACEMENTS, type Replacement } from './activation-sites.js';
import { checkInputs, checkOptions, checkRuns, checkSeed, checkTolerance } from './arguments.js';
import type { BackendChoice } from './backend-choice.js';
import { checkTiming, type MeasureOptions } from './measure.js';
import type { ActivationStudyProgress } from './study-report.js';

export interface ActivationStudyOptions extends BackendChoice {
  /** Kinds to replace; `gelu` includes its tanh form. Default: the costly ones. */
  readonly replace?: readonly ActivationKind[] | undefined;
  /** Default 'relu'. */
  readonly with?: Replacement | undefined;
  /** Inputs by name, one record per run, in place of random ones. */
  readonly inputs?: readonly Readonly<Record<string, Tensor>>[] | undefined;
  /** Random inputs to try. Default 4; with `inputs`, as many as there are. */
  readonly runs?: number | undefined;
  /** Seed of the random inputs. Default 0. */
  readonly seed?: number | undefined;
  /** Shapes of random inputs by name, where the model leaves them open. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Choose as many layers to swap as keep the relative L2 error of every output within this. */
  readonly budget?: number | undefined;
  /** How to measure times; false: not at all. */
  readonly timing?: MeasureOptions | false | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ActivationStudyProgress) => void) | undefined;
}

/** Activations that cost an exponential or more, where ReLU costs a comparison. */
const COSTLY: readonly ActivationKind[] = ['gelu', 'silu', 'mish', 'hard-swish'];

const DEFAULT_RUNS = 4;

/** Checks the options, and fills in defaults. @throws ConvfuseError ERR_ARGUMENT */
export function readStudyOptions(options: ActivationStudyOptions): {
  readonly replace: readonly ActivationKind[];
  readonly replacement: Replacement;
  readonly runs: number;
  readonly seed: number;
} {
  checkOptions(options);
  const {
    runs = DEFAULT_RUNS,
    seed = 0,
    budget,
    inputs,
    timing,
    with: replacement = 'relu',
  } = options;
  const replace = options.replace ?? COSTLY.filter((kind) => kind !== replacement);
  if (!(REPLACEMENTS as readonly string[]).includes(replacement)) {
    throw argumentError(`one of ${REPLACEMENTS.join(', ')}`, 'with', replacement);
  }
  if (!Array.isArray(replace)) throw argumentError('an array', 'replace', replace);
  const known = ACTIVATION_KINDS.filter((kind) => kind !== 'identity' && kind !== replacement);
  for (const kind of replace) {
    if (!known.includes(kind)) throw argumentError(`one of ${known.join(', ')}`, 'replace', kind);
  }
  checkRuns(runs);
  checkSeed(seed);
  checkTolerance(budget, 'budget');
  if (inputs !== undefined) checkInputs(inputs);
  if (timing !== undefined && timing !== false) checkTiming(timing);
  return { replace: [...replace], replacement, runs, seed };
}
