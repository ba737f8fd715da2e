import {
  ACTIVATION_KINDS,
  defaultParameters,
  IDENTITY,
  type Activation,
  type ActivationKind,
} from '../backend/activation.js';
import { argumentError } from '../errors.js';
import { doubles, type Parameter } from '../fold/parameters.js';

/**
 * An activation by its name, with ONNX's defaults, or with parameters: `alpha` of leaky-relu, elu
 * and hard-sigmoid, `beta` of hard-sigmoid, `alpha` and `beta` as the limits of clip, `slope` of
 * prelu (one number, or one for each output channel).
 */
export type ActivationOption =
  | ActivationKind
  | {
      readonly kind: ActivationKind;
      readonly alpha?: number | undefined;
      readonly beta?: number | undefined;
      readonly slope?: Parameter | number | undefined;
    };

/** @throws ConvfuseError ERR_ARGUMENT */
export function readActivation(option: ActivationOption | undefined, channels: number): Activation {
  if (option === undefined) return IDENTITY;
  if (typeof option === 'string') return complete({ kind: option }, channels);
  if (typeof option !== 'object' || option === null) {
    throw argumentError('a name or an object', 'activation', option);
  }
  const { kind, alpha, beta, slope } = option;
  return complete({ kind, alpha, beta, slope }, channels);
}

function complete(option: Exclude<ActivationOption, ActivationKind>, channels: number): Activation {
  const { kind, slope } = option;
  if (!ACTIVATION_KINDS.includes(kind)) {
    throw argumentError(`one of ${ACTIVATION_KINDS.join(', ')}`, 'activation', kind);
  }
  const defaults = defaultParameters(kind);
  const alpha = readParameter(option.alpha, defaults.alpha, 'activation.alpha');
  const beta = readParameter(option.beta, defaults.beta, 'activation.beta');
  if (kind !== 'prelu') return Object.freeze({ kind, alpha, beta });
  if (slope === undefined) throw argumentError('slopes', 'activation.slope', slope);
  return Object.freeze({ kind, alpha, beta, slope: readSlopes(slope, channels) });
}

function readSlopes(slope: Parameter | number, channels: number): Float64Array {
  if (typeof slope === 'number') return Float64Array.of(slope);
  if (typeof slope !== 'object' || (slope as Parameter | null) === null) {
    throw argumentError('a number, a typed array or a tensor', 'activation.slope', slope);
  }
  const length = ArrayBuffer.isView(slope) ? slope.length : slope.dims?.[0];
  // A copy: the caller's array may change.
  return doubles(slope, 'activation.slope', length === 1 ? 1 : channels, 'float32').slice();
}

function readParameter(value: number | undefined, fallback: number, name: string): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw argumentError('a number', name, value);
  }
  return value;
}
