import { PRECISIONS, type ConvSpec, type Precision } from '../backend/backend.js';
import type { BackendName, IsaName } from '../backend/select.js';
import { argumentError } from '../errors.js';
import { doubles, type Parameter } from '../fold/parameters.js';
import type { Tensor } from '../tensor/tensor.js';
import { readActivation, type ActivationOption } from './activation-option.js';
import { readFloating } from './parameters.js';
import { readPerAxis, readWindow, type PaddingOption, type PerAxis } from './window-option.js';

/** Options of conv2d and FusedConv2d. */
export interface ConvOptions {
  /**
   * [M, C / groups, ...kernel], or [C, M / groups, ...kernel] when transposed: one to three
   * spatial axes, float32 or float64.
   */
  readonly weight: Tensor;
  /** [M]; absent: zeros. */
  readonly bias?: Parameter | undefined;
  readonly stride?: PerAxis | undefined;
  readonly padding?: PaddingOption | undefined;
  readonly dilation?: PerAxis | undefined;
  readonly groups?: number | undefined;
  readonly activation?: ActivationOption | undefined;
  /** A transposed convolution ("deconvolution"). */
  readonly transposed?: boolean | undefined;
  /**
   * Transposed only: size added to the end of each output axis; below the stride or the dilation.
   */
  readonly outputPadding?: PerAxis | undefined;
  readonly backend?: BackendName | undefined;
  readonly isa?: IsaName | undefined;
  readonly threads?: number | undefined;
  readonly precision?: Precision | undefined;
  /** Layout of x, out and residual. 'nhwc' has the channels last, for any rank. Default: 'nchw'. */
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  /**
   * Time the candidate algorithms at the first run of each shape, instead of choosing by a cost
   * model.
   */
  readonly tune?: boolean | undefined;
}

/** ConvOptions, checked and with all defaults filled in. */
export interface ConvSettings {
  readonly type: 'float32' | 'float64';
  readonly spec: ConvSpec;
  readonly backend: BackendName | undefined;
  readonly isa: IsaName | undefined;
  readonly threads: number | undefined;
  readonly layout: 'nchw' | 'nhwc';
}

const KNOWN: readonly string[] = [
  'weight',
  'bias',
  'stride',
  'padding',
  'dilation',
  'groups',
  'activation',
  'transposed',
  'outputPadding',
  'backend',
  'isa',
  'threads',
  'precision',
  'layout',
  'tune',
] satisfies (keyof ConvOptions)[];

/**
 * Reads and checks the options. Each is read once, so a getter that later returns another value has
 * no effect.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function readConvOptions(given: ConvOptions): ConvSettings {
  if (typeof given !== 'object' || given === null) {
    throw argumentError('an object', 'options', given);
  }
  const options: ConvOptions = Object.freeze({ ...given });
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) throw argumentError(`one of ${KNOWN.join(', ')}`, 'options', key);
  }
  const weight = readFloating(options.weight, 'weight');
  const rank = weight.dims.length - 2;
  if (rank < 1 || rank > 3) throw argumentError('3 to 5 dimensions', 'weight.dims', weight.dims);
  const kernel = weight.dims.slice(2);
  if (kernel.includes(0)) throw argumentError('a kernel that is not empty', 'weight', weight.dims);
  const transposed = choice(options.transposed, [false, true], 'transposed');
  const { precision = 'default' } = options;
  const groups = options.groups ?? 1;
  if (!Number.isInteger(groups) || groups < 1) {
    throw argumentError('a whole number above 0', 'groups', groups);
  }
  const [first, second] = [weight.dims[0]!, weight.dims[1]!];
  if (first === 0 || first % groups !== 0) {
    throw argumentError(`a divisor of weight.dims[0] = ${first}`, 'groups', groups);
  }
  const outputChannels = transposed ? second * groups : first;
  const window = readWindow(kernel, options.stride, options.padding, options.dilation);
  const outputPadding = readPerAxis(options.outputPadding ?? 0, rank, 0, 'outputPadding');
  checkOutputPadding(outputPadding, transposed, window.strides, window.dilations);
  const bias =
    options.bias === undefined
      ? undefined
      : doubles(options.bias, 'bias', outputChannels, weight.type);
  const spec: ConvSpec = {
    weight: weight.data,
    bias: weight.type === 'float32' && bias ? Float32Array.from(bias) : bias,
    inputChannels: transposed ? first : second * groups,
    outputChannels,
    groups,
    window,
    transposed: transposed ? { outputPadding } : undefined,
    activation: readActivation(options.activation, outputChannels),
    precision: choice(precision, PRECISIONS, 'precision'),
    threads: undefined,
    tune: choice(options.tune, [false, true], 'tune'),
  };
  return Object.freeze({
    type: weight.type,
    spec,
    backend: options.backend,
    isa: options.isa,
    threads: options.threads,
    layout: choice(options.layout, ['nchw', 'nhwc'] as const, 'layout'),
  });
}

/** Checks that a value is one of a few; the first is the default. */
function choice<T>(value: T | undefined, allowed: readonly T[], name: string): T {
  if (value === undefined) return allowed[0]!;
  if (!allowed.includes(value)) throw argumentError(`one of ${allowed.join(', ')}`, name, value);
  return value;
}

function checkOutputPadding(
  outputPadding: readonly number[],
  transposed: boolean,
  strides: readonly number[],
  dilations: readonly number[],
): void {
  outputPadding.forEach((extra, axis) => {
    const most = transposed ? Math.max(strides[axis]!, dilations[axis]!) : 1;
    if (extra >= most) {
      throw argumentError(`numbers below ${most}`, 'outputPadding', outputPadding);
    }
  });
}
