// The functions of the gates of RNN, GRU and LSTM. Formulas: ONNX Operators.md, LSTM.

import type { Node } from '../ir/node.js';
import { nodeError } from './schema.js';

export type GateFunction = (x: number) => number;

interface Kind {
  /** Defaults of its parameters: alpha, then beta. */
  readonly defaults: readonly number[];
  make(alpha: number, beta: number): GateFunction;
}

const KINDS: Readonly<Record<string, Kind>> = {
  relu: { defaults: [], make: () => (x) => Math.max(0, x) },
  tanh: { defaults: [], make: () => Math.tanh },
  sigmoid: { defaults: [], make: () => (x) => 1 / (1 + Math.exp(-x)) },
  softsign: { defaults: [], make: () => (x) => x / (1 + Math.abs(x)) },
  // log(1 + e^x) computed directly would be infinite from x = 710 on.
  softplus: {
    defaults: [],
    make: () => (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  },
  leakyrelu: { defaults: [0.01], make: (alpha) => (x) => (x < 0 ? alpha * x : x) },
  thresholdedrelu: { defaults: [1], make: (alpha) => (x) => (x >= alpha ? x : 0) },
  elu: { defaults: [1], make: (alpha) => (x) => (x < 0 ? alpha * Math.expm1(x) : x) },
  affine: { defaults: [1, 0], make: (alpha, beta) => (x) => alpha * x + beta },
  scaledtanh: { defaults: [1, 1], make: (alpha, beta) => (x) => alpha * Math.tanh(beta * x) },
  hardsigmoid: {
    defaults: [0.2, 0.5],
    make: (alpha, beta) => (x) => Math.max(0, Math.min(1, alpha * x + beta)),
  },
};

/**
 * The functions that a node names; without any, `defaults` for each direction. ONNX says only that
 * parameters are taken "in order". Here, as in onnxruntime, each function that has a parameter
 * takes the next one of the list.
 *
 * @throws ConvfuseError ERR_MODEL
 */
export function gateFunctions(
  node: Node,
  defaults: readonly string[],
  directions: number,
): GateFunction[] {
  const all = Array.from({ length: directions }, () => defaults).flat();
  const names = node.attribute('activations', 'strings') ?? all;
  if (names.length !== all.length) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `expected ${all.length} activations, received ${names.length}`,
    );
  }
  const lists = ['activation_alpha', 'activation_beta'].map((name) => ({
    values: node.attribute(name, 'floats') ?? [],
    taken: 0,
  }));
  return names.map((name) => {
    const kind = Object.hasOwn(KINDS, name.toLowerCase()) ? KINDS[name.toLowerCase()] : undefined;
    if (kind === undefined) throw nodeError(node, 'ERR_MODEL', `activation ${name} is not known`);
    const [alpha, beta] = kind.defaults.map((otherwise, i) => {
      const list = lists[i]!;
      return list.values[list.taken++] ?? Math.fround(otherwise);
    });
    return kind.make(alpha ?? 0, beta ?? 0);
  });
}
