/**
 * Every activation an epilogue can apply, in the order of the native enum
 * (native/kernels/activation.h); a test compares the two lists.
 */
export const ACTIVATION_KINDS = [
  'identity',
  'relu',
  'leaky-relu',
  'prelu',
  'relu6',
  'clip',
  'sigmoid',
  'silu',
  'hard-swish',
  'hard-sigmoid',
  'tanh',
  'gelu',
  'gelu-tanh',
  'mish',
  'elu',
  'softplus',
] as const;

export type ActivationKind = (typeof ACTIVATION_KINDS)[number];

/**
 * An activation with all its parameters:
 *
 * - leaky-relu: alpha * x below 0; elu: alpha * (exp(x) - 1) below 0
 * - prelu: slope[c] * x below 0; one slope, or one per output channel
 * - clip: min(max(x, alpha), beta), so beta where alpha > beta, as ONNX says
 * - hard-sigmoid: max(0, min(1, alpha * x + beta))
 */
export interface Activation {
  readonly kind: ActivationKind;
  readonly alpha: number;
  readonly beta: number;
  readonly slope?: Float32Array | Float64Array;
  /** Arithmetic applied to its result. */
  readonly tail?: ActivationTail | undefined;
}

/** min(max(scale * y + shift, low), high): learned factors and limits behind an activation. */
export interface ActivationTail {
  readonly scale: number;
  readonly shift: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The tail that changes nothing. Its shift is -0, since adding 0 would turn a result of -0 into 0.
 */
export const NO_TAIL: ActivationTail = { scale: 1, shift: -0, low: -Infinity, high: Infinity };

export const IDENTITY: Activation = { kind: 'identity', alpha: 0, beta: 0 };

/** The ONNX defaults of alpha and beta. ONNX attributes are float32, hence the rounding. */
export function defaultParameters(kind: ActivationKind): { alpha: number; beta: number } {
  switch (kind) {
    case 'leaky-relu':
      return { alpha: Math.fround(0.01), beta: 0 };
    case 'elu':
      return { alpha: 1, beta: 0 };
    case 'hard-sigmoid':
      return { alpha: Math.fround(0.2), beta: 0.5 };
    case 'clip':
      return { alpha: -Infinity, beta: Infinity };
    default:
      return { alpha: 0, beta: 0 };
  }
}
