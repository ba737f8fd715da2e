// Activations with parameters from attributes. Formulas and defaults: ONNX Operators.md.

import { defaultParameters } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import { activationOf } from './activation-of.js';
import { elu, gelu, geluTanh, hardSigmoid, leakyRelu, swish } from './activation-loop.js';
import { evaluateUnary, loopOf, type UnaryLoop } from './elementwise.js';
import { likeInput } from './facts.js';
import type { Operator } from './operator.js';
import { required } from './run-tensor.js';
import { floatOf, nodeError, operator } from './schema.js';

const LEAKY = defaultParameters('leaky-relu');
const ELU = defaultParameters('elu');
const HARD = defaultParameters('hard-sigmoid');

function hardSigmoidOf(node: Node): UnaryLoop {
  return hardSigmoid(floatOf(node, 'alpha', HARD.alpha), floatOf(node, 'beta', HARD.beta));
}

function celu(node: Node): UnaryLoop {
  const alpha = floatOf(node, 'alpha', 1);
  return loopOf((x) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)));
}

function selu(node: Node): UnaryLoop {
  // The defaults changed in the last digits: opset 1 has the paper's, 6 the nearest float32.
  const old = node.opset < 6;
  const alpha = floatOf(node, 'alpha', old ? 1.6732 : 1.67326319217681884765625);
  const gamma = floatOf(node, 'gamma', old ? 1.0507 : 1.05070102214813232421875);
  return loopOf((x) => gamma * (x > 0 ? x : alpha * Math.expm1(x)));
}

function thresholdedRelu(node: Node): UnaryLoop {
  const alpha = floatOf(node, 'alpha', 1);
  return loopOf((x) => (x > alpha ? x : 0));
}

function shrink(node: Node): UnaryLoop {
  const lambda = floatOf(node, 'lambd', 0.5);
  const bias = floatOf(node, 'bias', 0);
  return loopOf((x) => (x < -lambda ? x + bias : x > lambda ? x - bias : 0));
}

function geluOf(node: Node): UnaryLoop {
  const approximate = node.attribute('approximate', 'string') ?? 'none';
  if (approximate === 'none') return gelu;
  if (approximate === 'tanh') return geluTanh;
  throw nodeError(node, 'ERR_MODEL', `approximate is ${JSON.stringify(approximate)}`);
}

/** An experimental operator that old style-transfer models still carry: alpha * x + beta. */
function affine(node: Node): UnaryLoop {
  const alpha = floatOf(node, 'alpha', 1);
  const beta = floatOf(node, 'beta', 0);
  return loopOf((x) => alpha * x + beta);
}

const TABLE: readonly (readonly [string, number, (node: Node) => UnaryLoop])[] = [
  ['LeakyRelu', 1, (node) => leakyRelu(floatOf(node, 'alpha', LEAKY.alpha))],
  ['Elu', 1, (node) => elu(floatOf(node, 'alpha', ELU.alpha))],
  ['Celu', 12, celu],
  ['Selu', 1, selu],
  ['HardSigmoid', 1, hardSigmoidOf],
  ['ThresholdedRelu', 1, thresholdedRelu],
  ['Shrink', 9, shrink],
  ['Swish', 24, (node) => swish(floatOf(node, 'alpha', 1))],
  ['Gelu', 20, geluOf],
  ['Affine', 1, affine],
];

export const activations: readonly Operator[] = TABLE.map(([opType, since, loop]) =>
  operator(opType, {
    since,
    infer: likeInput,
    evaluate: (call, inputs) =>
      evaluateUnary(call, required(call.node, inputs, 0), loop(call.node), activationOf(call.node)),
  }),
);
