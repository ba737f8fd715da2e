import { defaultParameters, type Activation, type ActivationKind } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { constantOfValue } from '../ir/view.js';
import { sameDims } from '../tensor/shape.js';
import { numbersOf, toRunTensor } from './run-tensor.js';
import { floatOf } from './schema.js';

/** Operators that are an activation without parameters. */
const PLAIN: Readonly<Record<string, ActivationKind>> = {
  Relu: 'relu',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  HardSwish: 'hard-swish',
  Mish: 'mish',
  Softplus: 'softplus',
};

/**
 * The activation that a node of the default domain applies to its first input, with parameters
 * from attributes and constants; undefined when it is none that a convolution can apply.
 *
 * @param dims of the input, where they are known: a PRelu slope must be one number, or one for
 *   each channel of axis 1
 */
export function activationOf(node: Node, dims?: readonly Dim[]): Activation | undefined {
  const plain = Object.hasOwn(PLAIN, node.opType) ? PLAIN[node.opType] : undefined;
  if (!node.is(node.opType)) return undefined;
  if (plain !== undefined) return { kind: plain, ...defaultParameters(plain) };
  switch (node.opType) {
    case 'LeakyRelu':
      return withParameters(node, 'leaky-relu');
    case 'Elu':
      return withParameters(node, 'elu');
    case 'HardSigmoid':
      return withParameters(node, 'hard-sigmoid');
    case 'Swish':
      return floatOf(node, 'alpha', 1) === 1
        ? { kind: 'silu', ...defaultParameters('silu') }
        : undefined;
    case 'Gelu':
      return gelu(node);
    case 'Clip':
      return clip(node);
    case 'PRelu':
      return prelu(node, dims);
    default:
      return undefined;
  }
}

function withParameters(node: Node, kind: ActivationKind): Activation {
  const defaults = defaultParameters(kind);
  return {
    kind,
    alpha: floatOf(node, 'alpha', defaults.alpha),
    beta: floatOf(node, 'beta', defaults.beta),
  };
}

function gelu(node: Node): Activation | undefined {
  const approximate = node.attribute('approximate', 'string') ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh') return undefined;
  const kind = approximate === 'tanh' ? 'gelu-tanh' : 'gelu';
  return { kind, ...defaultParameters(kind) };
}

/** Clip with bounds in attributes (opset below 11), or in constant or absent inputs. */
function clip(node: Node): Activation | undefined {
  const low = clipBound(node, 'min', 1, -Infinity);
  const high = clipBound(node, 'max', 2, Infinity);
  if (low === undefined || high === undefined) return undefined;
  if (low === 0 && high === Infinity) return { kind: 'relu', ...defaultParameters('relu') };
  if (low === 0 && high === 6) return { kind: 'relu6', ...defaultParameters('relu6') };
  return { kind: 'clip', alpha: low, beta: high };
}

function clipBound(node: Node, name: string, index: number, none: number): number | undefined {
  if (node.opset < 11) return node.attribute(name, 'float') ?? none;
  const input = node.optionalInput(index);
  return input === undefined ? none : constantNumbers(node, index)?.[0];
}

/** PRelu with one slope for all, or one per channel: [C, 1, ...] or, below opset 7, [C]. */
function prelu(node: Node, dims: readonly Dim[] | undefined): Activation | undefined {
  const constant = constantOfValue(node.optionalInput(1));
  const values = constantNumbers(node, 1);
  if (constant === undefined || values === undefined) return undefined;
  if (values.length !== 1) {
    const channels = dims?.[1];
    if (dims === undefined || values.length !== channels) return undefined;
    const rest = dims.slice(2).map(() => 1);
    const accepted = [
      [channels, ...rest],
      [1, channels, ...rest],
    ];
    if (node.opset < 7) accepted.push([channels]);
    if (!accepted.some((shape) => sameDims(shape, constant.dims))) return undefined;
  }
  const slope = constant.type === 'float64' ? Float64Array.from(values) : Float32Array.from(values);
  return { kind: 'prelu', alpha: 0, beta: 0, slope };
}

function constantNumbers(node: Node, index: number): number[] | undefined {
  const constant = constantOfValue(node.optionalInput(index));
  if (constant?.type === undefined || constant.type === 'string') return undefined;
  return numbersOf(toRunTensor(constant.read(), 'float64'));
}
