import type { Activation } from '../activation.js';
import { erfc } from './erf.js';

/**
 * Applies an activation in double to values[start, end), which belong to one output channel. NaN
 * stays NaN in every kind. Formulas: lib/backend/activation.ts, and PyTorch's modules of the same
 * names; each is written so that it neither overflows nor cancels.
 */
export function activate(
  activation: Activation,
  values: Float64Array,
  start: number,
  end: number,
  channel: number,
): void {
  applyKind(activation, values, start, end, channel);
  if (activation.tail === undefined) return;
  const { scale, shift, low, high } = activation.tail;
  for (let i = start; i < end; i++) values[i] = scale * values[i]! + shift;
  clip(values, start, end, low, high);
}

function applyKind(
  activation: Activation,
  values: Float64Array,
  start: number,
  end: number,
  channel: number,
): void {
  const { kind, alpha, beta } = activation;
  switch (kind) {
    case 'identity':
      return;
    case 'relu':
      for (let i = start; i < end; i++) if (values[i]! < 0) values[i] = 0;
      return;
    case 'leaky-relu':
      for (let i = start; i < end; i++) if (values[i]! < 0) values[i]! *= alpha;
      return;
    case 'prelu': {
      const slopes = activation.slope!;
      const slope = slopes[slopes.length === 1 ? 0 : channel]!;
      for (let i = start; i < end; i++) if (values[i]! < 0) values[i]! *= slope;
      return;
    }
    case 'relu6':
      return clip(values, start, end, 0, 6);
    case 'clip':
      return clip(values, start, end, alpha, beta);
    case 'elu':
      for (let i = start; i < end; i++) {
        if (values[i]! < 0) values[i] = alpha * Math.expm1(values[i]!);
      }
      return;
    case 'hard-sigmoid':
      for (let i = start; i < end; i++) {
        values[i] = Math.max(0, Math.min(1, alpha * values[i]! + beta));
      }
      return;
    default: {
      const f = SMOOTH[kind];
      for (let i = start; i < end; i++) values[i] = f(values[i]!);
    }
  }
}

const SMOOTH = {
  sigmoid,
  silu: (x: number): number => x * sigmoid(x),
  'hard-swish': (x: number): number => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  tanh: Math.tanh,
  gelu: (x: number): number => (x / 2) * erfc(-x * Math.SQRT1_2),
  'gelu-tanh': geluTanh,
  mish: (x: number): number => x * Math.tanh(softplus(x)),
  softplus,
} as const;

function clip(values: Float64Array, start: number, end: number, low: number, high: number): void {
  for (let i = start; i < end; i++) {
    const raised = values[i]! < low ? low : values[i]!;
    values[i] = raised > high ? high : raised;
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** (1 + tanh u) / 2 is sigmoid(2u), which keeps its digits where tanh is near -1. */
function geluTanh(x: number): number {
  return x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
}
