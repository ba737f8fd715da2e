// Loops that apply activations, one for each kind that a plan can merge into a step.

import type { Activation } from '../backend/activation.js';
import { erfc } from '../backend/reference/erf.js';
import { loopOf, type NumberArray, type UnaryLoop } from './elementwise.js';

/** log(1 + exp(x)) without overflow. */
function softplusOf(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

export const relu: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) {
    const v = x[i]!;
    y[i] = v < 0 ? 0 : v; // NaN stays NaN
  }
};

export const sigmoid: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
};

export const tanh: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) y[i] = Math.tanh(x[i]!);
};

export const hardSwish: UnaryLoop = (x, y) => {
  for (let i = 0; i < y.length; i++) {
    const v = x[i]!;
    y[i] = v * Math.max(0, Math.min(1, v / 6 + 0.5));
  }
};

export const softplus: UnaryLoop = loopOf(softplusOf);

export const mish: UnaryLoop = loopOf((x) => x * Math.tanh(softplusOf(x)));

export const gelu: UnaryLoop = loopOf((x) => (x / 2) * erfc(-x * Math.SQRT1_2));

/** Written as x / (1 + exp(-2u)), since (1 + tanh u) / 2 loses its digits where tanh is near -1. */
export const geluTanh: UnaryLoop = loopOf((x) => {
  const u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
  return x / (1 + Math.exp(-2 * u));
});

/** Swish; with alpha 1 it is SiLU. */
export function swish(alpha: number): UnaryLoop {
  return loopOf((x) => x / (1 + Math.exp(-alpha * x)));
}

export function leakyRelu(alpha: number): UnaryLoop {
  return (x, y) => {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v < 0 ? alpha * v : v;
    }
  };
}

export function elu(alpha: number): UnaryLoop {
  return loopOf((x) => (x < 0 ? alpha * Math.expm1(x) : x));
}

export function hardSigmoid(alpha: number, beta: number): UnaryLoop {
  return (x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.max(0, Math.min(1, alpha * x[i]! + beta));
  };
}

/** min(max(x, low), high). */
export function clip(low: number, high: number): UnaryLoop {
  return (x, y) => {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      const raised = v < low ? low : v;
      y[i] = raised > high ? high : raised;
    }
  };
}

/** Applies an activation with at most one slope, and its tail, in place. */
export function activateInPlace(activation: Activation, data: NumberArray): void {
  activationLoop(activation)(data, data);
  if (activation.tail === undefined) return;
  const { scale, shift, low, high } = activation.tail;
  for (let i = 0; i < data.length; i++) data[i] = scale * data[i]! + shift;
  clip(low, high)(data, data);
}

function activationLoop({ kind, alpha, beta, slope }: Activation): UnaryLoop {
  switch (kind) {
    case 'identity':
      return () => undefined;
    case 'relu':
      return relu;
    case 'leaky-relu':
      return leakyRelu(alpha);
    case 'prelu':
      return leakyRelu(slope![0]!);
    case 'relu6':
      return clip(0, 6);
    case 'clip':
      return clip(alpha, beta);
    case 'sigmoid':
      return sigmoid;
    case 'silu':
      return swish(1);
    case 'hard-swish':
      return hardSwish;
    case 'hard-sigmoid':
      return hardSigmoid(alpha, beta);
    case 'tanh':
      return tanh;
    case 'gelu':
      return gelu;
    case 'gelu-tanh':
      return geluTanh;
    case 'mish':
      return mish;
    case 'elu':
      return elu(alpha);
    case 'softplus':
      return softplus;
  }
}
